import JSON
import LabPlan
import Sys

extension ProcessOptions {
    /// How a daemon of ours is started.
    static func daemon(
        _ role: DaemonRole, labd: String, configuration: String, networkNamespace: Int32?
    ) -> ProcessOptions {
        var options = ProcessOptions(
            path: labd, arguments: [role.rawValue, "--config", configuration, "--control", "3"])
        options.networkNamespace = networkNamespace
        options.directory = "/"
        options.capabilities = capabilities(role)
        options.noNewPrivileges = true
        return options
    }

    /// What a daemon needs beyond an ordinary user's process: servers nothing, for their ports are free to all in a lab's
    /// namespace.
    private static func capabilities(_ role: DaemonRole) -> Capabilities {
        switch role {
        case .bgp: .networkAdministration
        case .dns, .http: []
        case .wire: [.networkAdministration, .systemAdministration, .realTimeScheduling]
        }
    }
}

/// How a daemon of others is started: below `labd adapter`, in a PID namespace whose end is the end of all its processes,
/// and in a mount namespace where a folder of the lab is its `/run` and another its `/var/tmp`. So each router's daemon has
/// the fixed paths that it insists on, and the machine has nothing of it outside of the lab's folder.
struct OtherDaemonLaunch {
    private let run: String

    init(_ paths: LabPaths, _ node: String) {
        run = paths.run(node)
    }

    /// Makes the folder with everything that the daemon reads. Throws `SystemError`.
    func writeFiles(_ files: [DaemonFile], adapter: JSON) throws(SystemError) {
        let parent = String(run[..<(run.lastIndex(of: "/") ?? run.endIndex)])
        if !Files.exists(parent) { try Files.makeDirectory(parent) }
        if Files.exists(run) { try Files.removeTree(run) }
        try Files.makeDirectory(run)
        try Files.makeDirectory(run + "/tmp", mode: 0o777)
        try Files.write(run + "/adapter.json", adapter.description.utf8)
        // OpenBGPD refuses a file that others may write, FRR's daemons read theirs as an ordinary user.
        for file in files { try Files.write(run + "/" + file.name, file.text.utf8) }
    }

    func options(labd: String, networkNamespace: Int32) -> ProcessOptions {
        var options = ProcessOptions(
            path: labd, arguments: ["adapter", "--config", "/run/adapter.json", "--control", "3"])
        options.networkNamespace = networkNamespace
        options.directory = "/"
        options.newPIDNamespace = true
        options.noNewPrivileges = true
        // In this order, for the second hides where the first is.
        options.binds = [(source: run + "/tmp", target: "/var/tmp"), (source: run, target: "/run")]
        return options
    }
}
