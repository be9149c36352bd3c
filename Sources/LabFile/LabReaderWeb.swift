import LabModel

extension LabReader {
    /// What a service of kind `http` serves; nil for other kinds. Keys that belong to another kind are reported.
    func web(_ service: Fields, _ kind: Service.Kind) -> Draft.Web? {
        let foreign = kind == .http ? ["zone", "rate-limit"] : ["origin", "objects"]
        for key in foreign {
            guard let node = service[key] else { continue }
            report.error(
                "'\(key)' is nothing for a service of kind \(kind.rawValue)", at: node.position,
                hint: kind == .http ? "a name server has it: kind: dns" : "a web server has it: kind: http")
        }
        guard kind == .http else { return nil }
        if let node = service["origin"], let objects = service["objects"] {
            report.error(
                "a service has either 'objects' or an 'origin' that has them (line \(node.position.line))",
                at: objects.position)
        }
        let objects = limited(service.list("objects") ?? [], "objects").compactMap { object($0) }
        for (index, object) in objects.enumerated()
        where objects[..<index].contains(where: { $0.value.path == object.value.path }) {
            report.error("\(quoted(object.value.path)) is there twice", at: object.position)
        }
        return Draft.Web(origin: service.text("origin"), objects: objects.map(\.value))
    }

    private func object(_ node: YAMLNode) -> Located<WebService.Object>? {
        guard let fields = Fields(node, .object, report), let path = fields.text("path") else { return nil }
        let isAllowed = path.value.utf8.allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        guard path.value.hasPrefix("/"), path.value.utf8.count <= 255, isAllowed else {
            report.error(
                "\(quoted(path.value)) is not a path", at: path.position,
                hint: "like /logo.png: up to 255 printable ASCII characters without '?' and '#'")
            return nil
        }
        var object = WebService.Object(path: path.value)
        if let size = fields.quantity("size", Quantity.octets) { object.size = size.value }
        object.maxAge = fields.quantity("max-age", Quantity.freshness)?.value
        return Located(value: object, position: path.position)
    }
}

extension Checks {
    /// An origin is a site of another service of kind `http`, which has no origin itself. A site of the same service would not do: all
    /// of them have one AS number, so BGP brings none of them the way to another.
    static func origins(_ draft: Draft, _ report: Report) {
        for service in draft.services {
            guard let origin = service.web?.origin else { continue }
            guard let site = draft.sites.first(where: { $0.name.value == origin.value }) else {
                report.error(
                    "there is no site \(quoted(origin.value))", at: origin.position,
                    hint: Nearest.hint(origin.value, among: draft.sites.map(\.name.value)))
                continue
            }
            if !site.serverNames.isEmpty {
                report.error(
                    "an origin is one server, and site \(quoted(origin.value)) has \(site.serverNames.count)",
                    at: origin.position, hint: "name a site without 'servers'")
            }
            guard let other = draft.services.first(where: { $0.name.value == site.service?.value }) else { continue }
            if other.name.value == service.name.value {
                report.error(
                    "the origin \(quoted(origin.value)) is a site of the service itself", at: origin.position,
                    hint: "give it a service of its own: kind: http, with an address and 'objects'")
            } else if other.web == nil || other.web?.origin != nil {
                report.error(
                    "\(quoted(origin.value)) has no objects", at: origin.position,
                    hint: "the service \(quoted(other.name.value)) would have to be of kind http, without an 'origin'")
            }
        }
    }
}
