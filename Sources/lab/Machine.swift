import Glibc
import LabModel
import LabPlan
import LabRuntime
import Sys

/// What this machine is asked before anything is built on it.
enum Machine {
    /// Where this program is. It is asked before this process goes to another mount namespace, from where the kernel may not find the
    /// way to it any more.
    private static let program = Result { () throws(SystemError) in try Files.ownExecutable() }

    /// The daemon program, which stands beside this one. Throws ``Failure``.
    static func labd() throws -> String {
        let own = try program.get()
        let path = own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/labd"
        guard access(path, X_OK) == 0 else {
            throw Failure(
                .machineCannot, "the program of the daemons is not at \(path)", hint: "'./scripts/lab' builds both")
        }
        return path
    }

    /// An ordinary user is root in namespaces of its own. Throws ``Failure``.
    private static func enterOwnNamespaces() throws {
        do {
            try UserNamespaces.create()
        } catch {
            throw Failure(
                .machineCannot, error.description,
                hint: (error.remedy.map { $0 + "; or " } ?? "") + "run it as root: sudo lab up ...")
        }
    }

    /// Makes sure that a lab can be built here, with the links that were asked for or the best there are. Throws ``Failure``.
    static func prepare(_ wanted: LinkBackend?, for lab: Lab) throws -> LinkBackend {
        _ = program
        try enterOwnNamespaces()
        let features = KernelFeatures.probe()
        guard features.canMakeNamespaces else {
            throw Failure(
                .machineCannot, "network namespaces cannot be made here: \(features.namespaceReason)",
                hint: "run it as root: sudo lab up ...")
        }
        try require(features, for: lab)
        switch wanted ?? features.preferredBackend {
        case .netem where !features.hasNetem:
            throw Failure(
                .machineCannot, "this kernel has no netem (module sch_netem)",
                hint: "leave --links out: delays are then made in user space; 'lab doctor' says how to get netem")
        case .wire where !features.hasTun:
            throw Failure(
                .machineCannot, "there is no TAP device here: \(features.tunReason)",
                hint: "'lab doctor' says how to get it")
        case let backend: return backend
        }
    }

    /// Throws ``Failure`` when a network wants what the kernel cannot do.
    private static func require(_ features: KernelFeatures, for lab: Lab) throws {
        guard !features.spreadingReason.isEmpty, let network = lab.networks.first(where: \.decision.spreadsPackets)
        else {
            return
        }
        throw Failure(
            .machineCannot,
            "network '\(network.name)' says 'multipath-hash: per-packet', which cannot be had here: "
                + features.spreadingReason,
            hint: "leave it out: flows are then shared out, each as a whole; 'lab doctor' says what this machine has")
    }
}
