import BGPTable
import Net

/// What a fault of the lab makes the speaker do, on top of whatever the configuration says and an operator changes:
///
///     {"do":"impose","drain":true,"silent":true,"prepend":2,"leak":true,"prefixes":["192.0.2.0/25"]}
///
/// It takes the place of what was imposed before, lives as long as the process, and ends no session.
struct Imposition: Equatable {
    /// GRACEFUL_SHUTDOWN goes both ways on eBGP (RFC 8326, section 4).
    var isDraining = false
    /// Nothing is announced on eBGP.
    var isSilent = false
    /// How many more times our number is prepended on eBGP.
    var prepend = 0
    /// What came from providers and peers goes to others of them, as ``BGPTable/ExportOptions/leak`` says. The role that the
    /// OPEN message gave stays: OTC is what honest neighbours look at (RFC 9234, section 5), and it is taken off.
    var isLeaking = false
    /// Prefixes that are originated besides those of the configuration.
    var prefixes: [IPPrefix] = []

    init() {}

    init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        isDraining = try fields.flag("drain") ?? false
        isSilent = try fields.flag("silent") ?? false
        prepend = try fields.number("prepend", 0...255) ?? 0
        isLeaking = try fields.flag("leak") ?? false
        prefixes = try OriginatedRoute.list(fields, "prefixes").map(\.prefix)
    }

    /// The keys of the command.
    static let keys = ["drain", "silent", "prepend", "leak", "prefixes"]

    /// Changes what the configuration says about a neighbour.
    func apply(to imports: inout ImportOptions, _ exports: inout ExportOptions, _ relation: Relation) {
        guard relation != .internal else { return }
        if isDraining { (imports.gracefulShutdown, exports.gracefulShutdown) = (true, true) }
        if isSilent { exports.policy.insert(PolicyRule(PolicyCondition(), [], .reject), at: 0) }
        exports.prepend = UInt8(clamping: Int(exports.prepend) + prepend)
        if isLeaking, [.provider, .peer, .routeServer].contains(relation) { exports.leak = true }
    }
}

extension Speaker {
    /// Does from now on what is imposed, and no longer what was before.
    func impose(_ imposition: Imposition) {
        guard imposition != imposed else { return }
        let before = originated
        imposed = imposition
        hasChanged = true
        applyOptions()
        originate(originated, before: before)
    }

    /// All routes that are originated now: those of the configuration, unless they were withdrawn, and those imposed.
    var originated: [OriginatedRoute] {
        let own = isOriginating ? configuration.originated : []
        return own
            + imposed.prefixes.filter { prefix in !own.contains { $0.prefix == prefix } }
            .map { OriginatedRoute(prefix: $0) }
    }

    /// Originates what was not originated `before`, or differently, and no longer what is not there any more.
    func originate(_ routes: [OriginatedRoute], before: [OriginatedRoute]) {
        let kept = Set(routes.map(\.prefix))
        for route in before where !kept.contains(route.prefix) { table.withdrawOriginated(route.prefix) }
        for route in routes where !before.contains(route) { table.originate(route) }
    }
}
