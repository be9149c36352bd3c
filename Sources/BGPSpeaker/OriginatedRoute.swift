import BGPWire
import JSON
import Net

/// A prefix that the speaker originates: `"192.0.2.0/24"`, or with what goes along
///
///     {"prefix": "192.0.2.0/24", "communities": ["65010:1"], "large_communities": ["65010:1:2"], "med": 7}
struct OriginatedRoute: Equatable {
    var prefix: IPPrefix
    var communities: [Community] = []
    var largeCommunities: [LargeCommunity] = []
    var multiExitDiscriminator: UInt32?

    /// A prefix that nothing goes along with.
    init(prefix: IPPrefix) { self.prefix = prefix }

    /// The routes under a key, each prefix once.
    static func list(_ fields: ConfigurationFields, _ key: String) throws(ConfigurationError) -> [OriginatedRoute] {
        var routes: [OriginatedRoute] = []
        var seen: Set<IPPrefix> = []
        for (json, path) in try fields.list(key) {
            let route = try OriginatedRoute(json, path)
            guard seen.insert(route.prefix).inserted else {
                throw ConfigurationError(description: "\(path): \(route.prefix) is there twice; take one away")
            }
            routes.append(route)
        }
        return routes
    }

    private init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        guard let text = json.string else {
            let fields = try ConfigurationFields(
                json, path, keys: ["prefix", "communities", "large_communities", "med"])
            self = try OriginatedRoute(fields)
            return
        }
        guard let prefix = IPPrefix(text) else {
            throw ConfigurationError(
                description: "\(path): a prefix without bits behind its length, like 192.0.2.0/24, expected")
        }
        self.prefix = prefix
    }

    /// Reads the members of an object, among others.
    init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        prefix = try fields.text("prefix", "a prefix without bits behind its length, like 192.0.2.0/24,")
        communities = try fields.communities("communities")
        largeCommunities = try fields.largeCommunities("large_communities")
        multiExitDiscriminator = try fields.uint32("med")
    }
}
