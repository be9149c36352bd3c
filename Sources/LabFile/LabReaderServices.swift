import LabModel
import Net

extension LabReader {
    mutating func service(_ pair: YAMLNode.Pair) -> Draft.Service {
        checkName(pair.key, upTo: 63)
        var service = Draft.Service(name: pair.key)
        guard let fields = Fields(pair.value, .service, report) else { return service }
        service.asn = asn(fields)
        let addresses = limited(fields.list("addresses") ?? [], "addresses")
        service.addresses = addresses.compactMap { address($0) }
        if let node = fields["addresses"], case .sequence = node.content, addresses.isEmpty {
            report.error("a service needs at least one address", at: node.position)
        }
        if let prefixes = fields.list("prefixes") {
            service.prefixes = limited(prefixes, "prefixes").compactMap { prefix($0) }
        }
        service.kind = fields.word("kind", as: Service.Kind.self) ?? .dns
        service.zone = fields["zone"].flatMap { zone($0) }
        service.rateLimit = rateLimit(fields)
        service.health = health(fields, service.kind)
        service.web = web(fields, service.kind)
        return service
    }

    /// A service has an address or two; the checks need not be quick for thousands.
    func limited(_ items: [YAMLNode], _ what: String) -> [YAMLNode] {
        let most = 64
        guard items.count > most else { return items }
        report.error("a service has at most \(most) \(what), not \(items.count)", at: items[most].position)
        return []
    }

    private func address(_ node: YAMLNode) -> Located<IPAddress>? {
        guard let text = node.text(report) else { return nil }
        guard let address = IPAddress(text.value) else {
            let hint = IPPrefix(text.value) == nil ? nil : "a prefix goes under 'prefixes'"
            report.error("\(quoted(text.value)) is not an IP address", at: text.position, hint: hint)
            return nil
        }
        let isHost: Bool =
            switch address {
            case .v4(let v4): v4.isHost
            case .v6(let v6): !v6.isLinkLocal && !v6.isMulticast && !v6.isLoopback && v6 != .any
            }
        guard isHost else {
            report.error(
                "\(address) cannot be the address of a service", at: text.position,
                hint: "for documentation are 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/36")
            return nil
        }
        return Located(value: address, position: text.position)
    }

    private func prefix(_ node: YAMLNode) -> Located<IPPrefix>? {
        guard let text = node.text(report) else { return nil }
        if let prefix = IPPrefix(text.value) { return Located(value: prefix, position: text.position) }
        report.error(
            "\(quoted(text.value)) is not a prefix", at: text.position,
            hint: repaired(text.value).map { "did you mean \($0)?" } ?? "a prefix is written like 192.0.2.0/24")
        return nil
    }

    /// The prefix that covers an address with host bits, `192.0.2.53/24`.
    private func repaired(_ text: String) -> IPPrefix? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = UInt8(parts[1]),
            length <= address.family.bitWidth
        else { return nil }
        return IPPrefix(address, length: length)
    }

    // MARK: Zones

    private func zone(_ node: YAMLNode) -> Draft.Zone? {
        guard let fields = Fields(node, .zone, report), let origin = fields.text("origin") else { return nil }
        if !Self.isDomainName(origin.value) {
            report.error("\(quoted(origin.value)) is not a domain name", at: origin.position, hint: "like hello.test")
        }
        if fields["records"] != nil, let file = fields["file"] {
            report.error("a zone has either 'records' or a 'file'", at: file.position)
        } else if fields["records"] == nil, fields["file"] == nil {
            report.error("a zone needs its 'records', or a 'file' that has them", at: node.position)
        }
        return Draft.Zone(
            origin: origin, records: fields.list("records")?.compactMap { record($0) }, file: fields.text("file"),
            primary: fields.text("primary"))
    }

    private func record(_ node: YAMLNode) -> Located<String>? {
        guard let text = node.text(report) else { return nil }
        guard !text.value.contains("\n") else {
            report.error("a record is one line", at: text.position, hint: "longer zones go into a 'file'")
            return nil
        }
        return text
    }

    /// Labels of 1 to 63 octets, 255 in all with their lengths (RFC 1035, section 2.3.4), of the characters that names
    /// in use have. `.` is the root.
    static func isDomainName(_ text: String) -> Bool {
        if text == "." { return true }
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
    }
}
