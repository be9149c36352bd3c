import BGPWire
import JSON

/// Several routes to one prefix (RFC 7911), as the configuration of a neighbour has it:
///
///     {"receive": true,         take several routes to a prefix
///      "send": 4,               send the four best; "all" for all that can be used
///      "families": ["ipv4"]}    in these families; in all of the session without it
struct PathConfiguration: Equatable {
    /// The families in which several routes to a prefix are taken.
    var reception: AddressFamilies = []
    /// The families in which several are sent.
    var sending: AddressFamilies = []
    /// How many are sent; nil for all.
    var limit: Int?
}

extension PathConfiguration {
    init(_ json: JSON, _ path: String, families: AddressFamilies) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["receive", "send", "families"])
        let families = try fields.families(otherwise: families).intersection(families)
        if try fields.flag("receive") ?? false { reception = families }
        guard let send = fields["send"] else { return }
        sending = families
        guard send.string != "all" else { return }
        guard let number = send.int, (1...255).contains(number) else {
            throw fields.error("send", "a number of 1 to 255, or \"all\" expected")
        }
        limit = number
    }
}
