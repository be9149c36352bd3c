import Glibc
import LabModel
import LabRuntime

/// Whether the programs of other daemons are on this machine. A lab file is good without them; a lab cannot come up.
enum OtherDaemonPrograms {
    /// What a lab needs and this machine has not.
    struct Missing {
        let daemon: OtherDaemon
        let network: String
        let path: String

        var message: String { "network '\(network)' runs \(daemon.title), and there is no \(path) here" }
        var hint: String { OtherDaemonPrograms.remedy(daemon) }
    }

    /// What is missing, the first program of each daemon.
    static func missing(for lab: Lab) -> [Missing] {
        lab.otherDaemons.compactMap { daemon, network in
            firstMissing(of: daemon).map { Missing(daemon: daemon, network: network, path: $0) }
        }
    }

    /// The first program of a daemon that is not here; nil when all are.
    static func firstMissing(of daemon: OtherDaemon) -> String? { daemon.programs.first { access($0, X_OK) != 0 } }

    /// How to get a daemon.
    static func remedy(_ daemon: OtherDaemon) -> String {
        "Debian has it in the package \(daemon.package): apt-get install \(daemon.package)"
    }

    /// FRR and OpenBGPD change to accounts of their own, and an ordinary user's namespaces have one. Throws ``Failure``.
    private static func requireAccounts(for lab: Lab) throws {
        guard LabPlace.current != .machine,
            let (daemon, network) = lab.otherDaemons.first(where: { [.frr, .openbgpd].contains($0.daemon) })
        else { return }
        throw Failure(
            .machineCannot, "network '\(network)' runs \(daemon.title), which changes to an account of its own",
            hint: "that takes root: sudo lab up ...")
    }

    /// Throws ``Failure`` when a lab needs what is not here.
    static func require(for lab: Lab) throws {
        try requireAccounts(for: lab)
        let missing = missing(for: lab)
        guard let first = missing.first else { return }
        let packages = missing.map(\.daemon.package).joined(separator: " ")
        throw Failure(
            .machineCannot, missing.map(\.message).joined(separator: "; "),
            hint: missing.count == 1
                ? first.hint : "Debian has them in packages: apt-get install \(packages)")
    }
}
