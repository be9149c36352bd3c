import LabModel
import Net

/// Reads the document into a ``Draft``: the keys, types, units and ranges. What things mean together is checked
/// afterwards.
struct LabReader {
    let report: Report
    var draft = Draft()

    init(_ report: Report) {
        self.report = report
    }

    mutating func read(_ root: YAMLNode) {
        guard case .mapping(let pairs) = root.content, pairs.contains(where: { Keys.lab.all.contains($0.key.value) })
        else {
            report.error(
                "this is not a lab file: \(root.kind) without the keys of a lab", at: root.position,
                hint: "it begins with 'lab: NAME' and has 'networks:'")
            return
        }
        guard let fields = Fields(root, .lab, report) else { return }
        if let name = fields.text("lab") {
            draft.name = name
            checkName(name, upTo: 32)
        }
        draft.description = fields.text("description")?.value
        if let node = fields["timers"] { draft.timers = Timers.fast.applying(timers(node)) }
        draft.networks = fields.entries("networks").map { network($0) }
        draft.services = fields.entries("services").map { service($0) }
        draft.sites = fields.entries("sites").map { site($0) }
        draft.clients = fields.entries("clients").map { client($0) }
        draft.links = (fields.list("links") ?? []).compactMap { link($0) }
        draft.exchanges = fields.entries("exchanges").map { exchange($0) }
        draft.multicast = fields.entries("multicast").map { multicast($0) }
        scenario(fields)
        if draft.networks.isEmpty, let node = fields["networks"], case .mapping = node.content {
            report.error("a lab needs at least one network", at: node.position)
        }
    }

    private mutating func network(_ pair: YAMLNode.Pair) -> Draft.Network {
        checkName(pair.key, upTo: 63)
        var network = Draft.Network(name: pair.key)
        guard let fields = Fields(pair.value, .network, report) else {
            draft.hasStructure = false
            return network
        }
        network.asn = asn(fields)
        let cities = fields.list("cities") ?? []
        network.cities = cities.compactMap { place($0) }
        if let node = fields["cities"], case .sequence = node.content, cities.isEmpty {
            report.error("a network needs at least one city", at: node.position)
        }
        if network.cities.isEmpty { draft.hasStructure = false }
        network.relations = relations(fields, RelationKind.allCases)
        if let node = fields["timers"] { network.timers = timers(node) }
        network.daemon = otherDaemon(fields)
        network.imports = rules(fields, "import")
        network.exports = rules(fields, "export")
        network.decision = decision(fields)
        network.internalPaths = sending(fields, "add-path")
        network.restart = restart(fields)
        network.station = station(fields)
        network.damping = fields["damping"].flatMap { damping($0) }
        return network
    }

    private func decision(_ fields: Fields) -> DecisionRules {
        var rules = DecisionRules()
        rules.order = fields.word("decision", as: DecisionRules.Order.self) ?? .standard
        rules.alwaysComparesMED = fields.flag("always-compare-med") ?? false
        rules.hash = fields.word("multipath-hash", as: DecisionRules.Hash.self) ?? .threshold
        rules.multipath = UInt8(clamping: fields.whole("multipath", in: 1...64)?.value ?? 1)
        return rules
    }

    private mutating func site(_ pair: YAMLNode.Pair) -> Draft.Site {
        checkName(pair.key, upTo: 63)
        var site = Draft.Site(name: pair.key)
        guard let fields = Fields(pair.value, .site, report) else {
            draft.hasStructure = false
            return site
        }
        site.service = fields.text("service")
        if fields["service"] != nil, site.service == nil { draft.hasStructure = false }
        site.city = fields["city"].flatMap { place($0) }
        if site.city == nil { draft.hasStructure = false }
        site.relations = relations(fields, [.provider, .peer])
        site.capacity =
            fields.quantity("capacity") { text throws(Quantity.Wrong) in try Quantity.queryRate(text) }
        if let node = fields["servers"] {
            let most = LabModel.Site.mostServers
            let count = fields.whole("servers", in: 1...UInt32(most))?.value
            // Of a number that is wrong, the servers that are named elsewhere are not wrong as well.
            site.servers = Located(value: count.map(Int.init) ?? most, position: node.position)
        }
        return site
    }

    private mutating func client(_ pair: YAMLNode.Pair) -> Draft.Client {
        checkName(pair.key, upTo: 63)
        var client = Draft.Client(name: pair.key)
        if let fields = Fields(pair.value, .client, report) {
            client.city = fields["city"].flatMap { place($0) }
            client.provider = fields.text("provider")
        }
        if client.city == nil || client.provider == nil { draft.hasStructure = false }
        return client
    }

    // MARK: Parts

    /// Names become names of namespaces, hosts and interfaces: letters, digits and inner hyphens (RFC 1123, section
    /// 2.1).
    func checkName(_ name: Located<String>, upTo longest: Int) {
        let text = name.value
        if text.utf8.count > longest {
            report.error(
                "the name \(quoted(text)) has \(text.utf8.count) characters", at: name.position,
                hint: "at most \(longest) are allowed")
            return
        }
        let isAllowed = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        if text.isEmpty || !isAllowed || text.hasPrefix("-") || text.hasSuffix("-") {
            report.error(
                "\(quoted(text)) cannot be a name", at: name.position,
                hint: "a name has the letters a-z, digits, and '-' between them")
        }
    }

    func asn(_ fields: Fields) -> Located<ASN>? {
        guard let node = fields["asn"] else { return nil }
        if let text = node.plainText, text.hasPrefix("AS"), let asn = ASN(text) {
            report.error("an AS number is written without letters", at: node.position, hint: "say \(asn)")
            return nil
        }
        guard let number = fields.whole("asn", in: 0...UInt32.max) else { return nil }
        let asn = ASN(number.value)
        guard !asn.isReserved else {
            report.error(
                "AS \(asn) is reserved", at: node.position,
                hint: "for private use are 64512 to 65534 and 4200000000 to 4294967294 (RFC 6996)")
            return nil
        }
        return Located(value: asn, position: node.position)
    }

    /// A city: its IATA code, or `[latitude, longitude]`.
    mutating func place(_ node: YAMLNode) -> Located<Place>? {
        let place: Place?
        if case .sequence(let pair) = node.content {
            place = coordinates(pair, node.position)
        } else {
            place = airport(node)
        }
        if place == nil { draft.hasStructure = false }
        return place.map { Located(value: $0, position: node.position) }
    }

    private func airport(_ node: YAMLNode) -> Place? {
        guard let code = node.text(report) else { return nil }
        if let place = Airports.place(code: code.value) { return place }
        report.error(
            "there is no city \(quoted(code.value))", at: code.position,
            hint: Airports.suggestion(for: code.value)
                ?? "a city is the IATA code of its airport, or [latitude, longitude]")
        return nil
    }

    private func coordinates(_ pair: [YAMLNode], _ position: Position) -> Place? {
        let numbers = pair.compactMap { node in
            node.scalar == .integer || node.scalar == .number ? node.plainText.flatMap(Double.init) : nil
        }
        guard pair.count == 2, numbers.count == 2 else {
            report.error("coordinates are two numbers", at: position, hint: "[latitude, longitude], like [51.5, -0.1]")
            return nil
        }
        let (latitude, longitude) = (numbers[0], numbers[1])
        guard (-90...90).contains(latitude) else {
            report.error(
                "the latitude is out of range", at: pair[0].position,
                hint: "it goes from -90 (south) to 90 (north), and stands first")
            return nil
        }
        guard (-180...180).contains(longitude) else {
            report.error(
                "the longitude is out of range", at: pair[1].position, hint: "it goes from -180 (west) to 180 (east)")
            return nil
        }
        return Place(
            code: nil, name: "\(latitude),\(longitude)", country: nil, latitude: latitude, longitude: longitude)
    }
}
