// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors everywhere; a daemon that mixes ownership and raw bytes cannot afford one that nobody reads.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

/// The daemons are started by the thousand: linking the runtimes of Swift and C++ statically and at a fixed address halves their
/// start time and keeps relocations out of their private memory (ARCHITECTURE.md, "Processes"). `scripts/build` puts
/// libstdc++.a where it is found first; without that the shared one is taken.
let daemonLinking: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-Xclang-linker", "-no-pie", "-Xclang-linker", "-static-libgcc",
            "-L" + Context.packageDirectory + "/.build/static",
        ], .when(configuration: .release))
]

/// A module of the program. The dependencies are the house rules of ARCHITECTURE.md; `scripts/lint` checks the imports.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one module, in the folder `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        swiftSettings: strict)
}

let package = Package(
    name: "anycast-lab",
    products: [
        .executable(name: "lab", targets: ["lab"]),
        .executable(name: "labd", targets: ["labd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // C
        .target(name: "CLinux"),
        .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
        .systemLibrary(name: "CNl"),
        .systemLibrary(name: "CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),

        // The airports of data/, compiled in
        .target(name: "CAirports", exclude: ["airports.csv", "README.md"]),
        // The coasts of the world, compiled in
        .target(name: "CLand", exclude: ["land.txt", "README.md"]),

        // Values
        module("Net"),
        module("JSON"),

        // The lab as a value
        module("LabModel", ["Net", .product(name: "RealModule", package: "swift-numerics")]),
        module("LabPlan", ["LabModel", "JSON", "Net"]),
        .target(
            name: "LabFile", dependencies: ["LabModel", "Net", "CAirports", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),

        // The system
        module("Sys", ["Net", "CLinux"]),
        module("Netlink", ["Net", "Sys", "CMnl", "CNl"]),
        module("LinkWire", ["JSON", "Net", "Sys", "CLinux"]),
        module(
            "LabRuntime",
            ["LabPlan", "LabModel", "DNSWire", "DNSZone", "HTTPWire", "JSON", "Net", "Netlink", "Sys", "CLinux"]),
        module("LabObserve", ["LabModel", "HTTPWire", "JSON", "Net", "Netlink", "Sys", "DNSWire", "CLinux"]),

        // BGP
        module("BGPWire", ["Net"]),
        module("BGPSession", ["BGPWire", "Net"]),
        module("BGPTable", ["BGPWire", "Net"]),
        module("BFD"),
        module("BGPAdapter", ["JSON", "Net", "Netlink", "Sys", "CLinux"]),
        module("BMPWire", ["BGPWire", "Net"]),
        module("MRTWire", ["BGPWire", "Net"]),
        module(
            "BGPSpeaker",
            [
                "BFD", "BMPWire", "MRTWire", "BGPSession", "BGPTable", "BGPWire", "JSON", "Net", "Netlink", "Sys",
                "CLinux",
            ]),

        // What a lab will do, without building it
        module(
            "LabPredict",
            [
                "LabPlan", "LabModel", "BGPSpeaker", "BGPTable", "BGPWire", "JSON", "Net",
                .product(name: "HeapModule", package: "swift-collections"),
            ]),

        // Pictures
        module("Picture", ["CLand", "LabModel", "Net"]),

        // Packets, named and written down
        module("Capture", ["BFD", "BGPWire", "DNSWire", "Net"]),

        // DNS
        module("DNSWire", ["Net"]),
        module("DNSZone", ["DNSWire", "Net"]),
        module("DNSResponder", ["DNSZone", "DNSWire", "Net"]),
        module("DNSServer", ["DNSResponder", "DNSZone", "DNSWire", "JSON", "Net", "Sys", "CLinux"]),

        // HTTP. The archive and not the shared library: what every daemon loads at its start would cost all of them.
        .target(
            name: "HTTPWire", dependencies: ["CHTTPParser"], swiftSettings: strict,
            linkerSettings: [.linkedLibrary(":libhttp_parser.a")]),
        module("HTTPServer", ["HTTPWire", "JSON", "Net", "Sys", "CLinux"]),

        // Executables
        .executableTarget(
            name: "labd",
            dependencies: ["BGPAdapter", "BGPSpeaker", "DNSServer", "HTTPServer", "LinkWire", "LabRuntime", "Sys"],
            swiftSettings: strict, linkerSettings: daemonLinking),
        .executableTarget(
            name: "lab",
            dependencies: [
                "BGPTable", "Capture", "LabFile", "LabModel", "LabPlan", "LabPredict", "LabRuntime", "LabObserve",
                "DNSWire", "DNSZone", "JSON", "Net", "Netlink", "Picture", "Sys", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Benchmarks
        .executableTarget(
            name: "Wiring", dependencies: ["LabModel", "LabPlan", "LabRuntime", "Net", "Sys"],
            path: "Benchmarks/Wiring", swiftSettings: strict, linkerSettings: daemonLinking),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["CLinux", "LabModel", "Net"], path: "Tests/Support",
            exclude: ["dns_servers.py", "process_memory.py", "random_internet.py"], swiftSettings: strict),
        .target(
            name: "BGPSimulation", dependencies: ["BGPSession", "BGPTable", "BGPWire", "Net"],
            path: "Tests/BGPSimulation", swiftSettings: strict),
        .executableTarget(
            name: "bgp-replay", dependencies: ["BGPSimulation"], path: "Tests/Replay", swiftSettings: strict),
        tests("Net", ["TestSupport"]),
        tests("JSON", ["TestSupport"]),
        tests("Sys", ["CLinux", "JSON", "Net", "TestSupport"]),
        tests("LabModel", ["LabFile", "Net", "TestSupport"]),
        tests("LabFile", ["LabModel", "Net", "TestSupport"]),
        tests("LabPlan", ["JSON", "LabModel", "Net", "TestSupport"], exclude: ["OtherDaemons"]),
        tests("LabPredict", ["LabFile", "LabModel", "Net", "TestSupport"]),
        tests("Netlink", ["CMnl", "CNl", "Net", "Sys", "TestSupport"]),
        tests("LinkWire", ["CLinux", "JSON", "Net", "Sys", "labd"]),
        tests(
            "LabRuntime",
            ["CLinux", "DNSWire", "JSON", "LabModel", "LabPlan", "Net", "Netlink", "Sys", "TestSupport"]),
        tests(
            "LabObserve",
            ["DNSResponder", "DNSWire", "DNSZone", "JSON", "LabModel", "Net", "Netlink", "Sys", "TestSupport"]),
        tests("BGPWire", ["Net", "TestSupport"]),
        tests("BGPSession", ["BGPWire", "Net", "TestSupport"]),
        tests("BGPTable", ["BGPWire", "Net", "TestSupport"]),
        tests("BGPSimulation", ["BGPSession", "BGPTable", "BGPWire", "Net", "TestSupport", "bgp-replay"]),
        tests("BFD", ["TestSupport"]),
        tests("BMPWire", ["BGPWire", "Net", "TestSupport"]),
        tests("MRTWire", ["BGPWire", "Net", "TestSupport"]),
        tests(
            "BGPSpeaker", ["BFD", "BGPSession", "BGPTable", "BGPWire", "JSON", "Net", "Netlink", "Sys", "TestSupport"]),
        tests("Picture", ["LabModel", "Net", "TestSupport"]),
        tests("Capture", ["DNSWire", "Net", "TestSupport"]),
        tests("BGPAdapter", ["JSON", "Net"]),
        tests("DNSWire", ["Net", "TestSupport"]),
        tests("DNSZone", ["DNSWire", "Net"]),
        tests("DNSResponder", ["DNSWire", "DNSZone", "Net", "TestSupport"]),
        tests("DNSServer", ["DNSResponder", "DNSWire", "DNSZone", "JSON", "Net", "Sys"]),
        tests("HTTPWire"),
        .testTarget(name: "IntegrationTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "InteropTests", swiftSettings: strict),
    ]
)
