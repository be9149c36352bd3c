import BGPTable
import JSON
import Net

/// What is changed about the routes of one direction: the options of the table without its rules, and the rules.
///
///     "import": {"local_preference": 70,
///                "blackholes": ["192.0.2.0/24"],   in these the neighbour may ask with BLACKHOLE for a drop (RFC 7999)
///                "policy": [...]},                 rules, see PolicyRuleConfiguration
///     "export": {"prepend": 2, "med": 7, "communities": ["65010:1", "NO_EXPORT"], "no_export": false, "leak": false,
///                "policy": [...]}
struct RouteOptions<Options: Equatable>: Equatable {
    var options: Options
    var policy: [PolicyRuleConfiguration] = []
}

extension RouteOptions<ImportOptions> {
    /// Reads the options of a neighbour under `key`; none when it is absent.
    init(_ neighbour: ConfigurationFields, _ key: String) throws(ConfigurationError) {
        options = ImportOptions()
        guard let json = neighbour[key] else { return }
        let fields = try ConfigurationFields(
            json, neighbour.place(key), keys: ["local_preference", "blackholes", "policy"])
        options.localPreference = try fields.uint32("local_preference")
        options.blackholes = try fields.prefixes("blackholes")
        policy = try PolicyRuleConfiguration.list(fields, "policy")
    }

    /// The options as the table takes them.
    func resolved(_ numbers: (String) -> [PeerID]) -> ImportOptions {
        var options = options
        options.policy = policy.compactMap { $0.resolved(numbers) }
        return options
    }
}

extension RouteOptions<ExportOptions> {
    /// Reads the options of a neighbour under `key`; none when it is absent.
    init(_ neighbour: ConfigurationFields, _ key: String) throws(ConfigurationError) {
        options = ExportOptions()
        guard let json = neighbour[key] else { return }
        let fields = try ConfigurationFields(
            json, neighbour.place(key), keys: ["prepend", "med", "communities", "no_export", "leak", "policy"])
        options = ExportOptions(
            prepend: try fields.uint8("prepend") ?? 0, multiExitDiscriminator: try fields.uint32("med"),
            communities: try fields.communities("communities"), noExport: try fields.flag("no_export") ?? false,
            leak: try fields.flag("leak") ?? false)
        policy = try PolicyRuleConfiguration.list(fields, "policy")
    }

    /// The options as the table takes them.
    func resolved(_ numbers: (String) -> [PeerID]) -> ExportOptions {
        var options = options
        options.policy = policy.compactMap { $0.resolved(numbers) }
        return options
    }
}
