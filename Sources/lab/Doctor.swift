import ArgumentParser
import Glibc
import JSON
import LabModel
import LabPlan
import LabRuntime
import Sys

/// `lab doctor`.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what this machine has for labs, and how to get the rest.",
        discussion: """
            The exit status is 3 when no lab can be built here.

            Example:
              lab doctor
            """)

    @Flag(help: "Print JSON.")
    var json = false

    /// One thing that is looked at.
    private struct Finding {
        let name: String
        let isThere: Bool
        let isNeeded: Bool
        let detail: String
        let remedy: String
    }

    func run() throws {
        let refusal = Self.refusal()
        let features = KernelFeatures.probe()
        let findings = examine(features, refusal)
        let canBuild = findings.allSatisfy { $0.isThere || !$0.isNeeded } && (features.hasNetem || features.hasTun)
        if json {
            let rows = findings.map { finding -> JSON in
                [
                    "name": .string(finding.name), "ok": .bool(finding.isThere), "needed": .bool(finding.isNeeded),
                    "detail": .string(finding.detail), "remedy": finding.isThere ? .null : .string(finding.remedy),
                ]
            }
            Console.print(
                ["ok": .bool(canBuild), "links": .string(features.preferredBackend.rawValue), "findings": .array(rows)])
        } else {
            show(findings, features, canBuild)
        }
        if !canBuild { throw Finish(status: ExitStatus.machineCannot.rawValue) }
    }

    /// Why an ordinary user cannot have labs: tried where this is one, and read from the settings where it is root.
    private static func refusal() -> UserNamespaces.Refusal? {
        do {
            try UserNamespaces.create()
            return LabPlace.current == .machine ? UserNamespaces.obstacle() : nil
        } catch {
            return error
        }
    }

    private func examine(_ features: KernelFeatures, _ refusal: UserNamespaces.Refusal?) -> [Finding] {
        let isRoot = LabPlace.current == .machine
        var findings = [
            Finding(
                name: "labs of ordinary users", isThere: refusal == nil, isNeeded: !isRoot,
                detail: isRoot ? "" : "in namespaces of your own",
                remedy: "\(refusal?.description ?? "")\(refusal?.remedy.map { "; " + $0 } ?? "")")
        ]
        if !isRoot { findings.append(Self.examineRealTime()) }
        findings += examineKernel(features, isRoot)
        if isRoot {
            findings.append(
                Finding(
                    name: "TAP devices for ordinary users", isThere: Self.isOpenToAll("/dev/net/tun"), isNeeded: false,
                    detail: "", remedy: "chmod 0666 /dev/net/tun"))
        }
        return findings + OtherDaemon.allCases.map(Self.examine)
    }

    private func examineKernel(_ features: KernelFeatures, _ isRoot: Bool) -> [Finding] {
        [
            Finding(
                name: "network namespaces", isThere: features.canMakeNamespaces, isNeeded: true,
                detail: features.namespaceReason, remedy: "root, or a container with CAP_SYS_ADMIN"),
            Finding(
                name: "PID namespaces", isThere: features.hasPIDNamespaces, isNeeded: true, detail: "",
                remedy: "a kernel with CONFIG_PID_NS"),
            Finding(
                name: "IPv6", isThere: features.hasIPv6, isNeeded: true, detail: "",
                remedy: "boot without ipv6.disable=1"),
            Finding(
                name: "veth", isThere: features.hasVeth, isNeeded: false, detail: "links with netem",
                remedy: "modprobe veth"),
            Finding(
                name: "netem", isThere: features.hasNetem, isNeeded: false, detail: "delays in the kernel",
                remedy:
                    "modprobe sch_netem (Debian, Ubuntu: in linux-modules-extra; hosted runners and WSL2 may have none)"
            ),
            Finding(
                name: "tbf", isThere: features.hasTbf, isNeeded: false, detail: "rates in the kernel",
                remedy: "modprobe sch_tbf"),
            Finding(
                name: "multipath by packets", isThere: features.spreadingReason.isEmpty, isNeeded: false,
                detail: "networks that say 'multipath-hash: per-packet'", remedy: features.spreadingReason),
            Finding(
                name: "TAP devices", isThere: features.hasTun, isNeeded: false,
                detail: features.tunReason.isEmpty ? "delays in user space" : features.tunReason,
                remedy: isRoot || !Files.exists("/dev/net/tun")
                    ? "modprobe tun; mknod /dev/net/tun c 10 200; in a container: --device /dev/net/tun"
                    : "as root: chmod 0666 /dev/net/tun"),
        ]
    }

    /// The delay line runs before others where it may.
    private static func examineRealTime() -> Finding {
        Finding(
            name: "real-time priority", isThere: ResourceLimits.allowRealTime, isNeeded: false,
            detail: "exact delays on a busy machine",
            remedy:
                "'rtprio 1' for you in /etc/security/limits.conf; without, delays are longer while the machine is busy")
    }

    private static func isOpenToAll(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o006 == 0o006
    }

    private static func examine(_ daemon: OtherDaemon) -> Finding {
        let missing = OtherDaemonPrograms.firstMissing(of: daemon)
        return Finding(
            name: daemon.title, isThere: missing == nil, isNeeded: false,
            detail: "networks that say 'daemon: \(daemon.rawValue)'",
            remedy: "no \(missing ?? ""); \(OtherDaemonPrograms.remedy(daemon))")
    }

    private func show(_ findings: [Finding], _ features: KernelFeatures, _ canBuild: Bool) {
        var table = TextTable("", "WHAT", "NOTE")
        for finding in findings {
            let mark: TextTable.Cell =
                finding.isThere
                ? .init("ok", .green) : finding.isNeeded ? .init("missing", .red) : .init("absent", .yellow)
            table.add(mark, .init(finding.name), .init(finding.isThere ? finding.detail : finding.remedy))
        }
        print(table.text)
        print(
            canBuild ? "\nlinks will be made with \(features.preferredBackend.rawValue)" : "\nno lab can be built here")
    }
}
