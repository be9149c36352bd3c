import LabModel
import Net

/// A lab as far as the file could be read: what is missing or wrong has been reported, and is nil here, so that the
/// checks can go on with the rest.
struct Draft {
    struct Network {
        var name: Located<String>
        var asn: Located<ASN>?
        var cities: [Located<Place>] = []
        var relations: [Located<Relation>] = []
        var timers = TimerOverrides()
        var daemon: OtherDaemon?
        var imports: [PolicyRule] = []
        var exports: [PolicyRule] = []
        var decision = DecisionRules()
        var damping: Damping?
    }

    struct Service {
        var name: Located<String>
        var asn: Located<ASN>?
        var addresses: [Located<IPAddress>] = []
        /// Nil when the file leaves them to follow from the addresses.
        var prefixes: [Located<IPPrefix>]?
        var kind = LabModel.Service.Kind.dns
        var zone: Zone?
        var rateLimit: LabModel.Service.RateLimit?
        var health: HealthCheck?
    }

    struct Zone {
        var origin: Located<String>
        var records: [Located<String>]?
        var file: Located<String>?
        var primary: Located<String>?
    }

    struct Site {
        var name: Located<String>
        var service: Located<String>?
        var city: Located<Place>?
        var relations: [Located<Relation>] = []
    }

    struct Client {
        var name: Located<String>
        var city: Located<Place>?
        var provider: Located<String>?
    }

    struct Link {
        var position: Position
        var between: [Located<String>]
        var rule: LinkRule
    }

    var name: Located<String>?
    var description: String?
    var timers = Timers.fast
    var networks: [Network] = []
    var services: [Service] = []
    var sites: [Site] = []
    var clients: [Client] = []
    var links: [Link] = []
    /// The AS path expressions and the neighbours that rules of policy name.
    var expressions: [Located<String>] = []
    var policyNeighbours: [Located<String>] = []
    /// What health checks ask.
    var healthQuestions: [Located<HealthCheck.Question>] = []
    /// Whether all names, cities and relations are good, so that what is joined to what is known.
    var hasStructure = true
}
