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
        var internalPaths: SeveralPaths.Sending?
        var restart: GracefulRestartTimers?
        var station: Located<String>?
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
        var web: Web?
        var rateLimit: LabModel.Service.RateLimit?
        var health: HealthCheck?
    }

    struct Web {
        var origin: Located<String>?
        var objects: [WebService.Object]
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
        var capacity: Located<UInt32>?
        var servers: Located<Int>?

        /// The names of its servers, if it has several.
        var serverNames: [String] { LabModel.Site.serverNames(name.value, count: servers?.value ?? 1) }
    }

    struct Client {
        var name: Located<String>
        var city: Located<Place>?
        var provider: Located<String>?
    }

    struct Exchange {
        var name: Located<String>
        var city: Located<Place>?
        var members: [Located<String>] = []
        var hasRouteServer = false
        /// Nil when the lab draws it.
        var routeServer: Located<ASN>?
    }

    struct Multicast {
        var name: Located<String>
        var addresses: [Located<IPAddress>] = []
        var source: Located<String>?
        var members: [Located<String>] = []
    }

    struct Link {
        var position: Position
        var between: [Located<String>]
        var rule: LinkRule
    }

    /// A name that a scenario says.
    struct Mention {
        /// What it has to be the name of, as a message calls it.
        enum Kind: String {
            case client, site, network, service
            /// A part of a path.
            case part = "network or service"
            case node = "node"
            case target = "node, network or service"
            /// Who sends a flood.
            case senders = "client, network or country"
            /// Who is served in a flood, or serves.
            case served = "client or site"
        }

        var kind: Kind
        var name: Located<String>
    }

    var name: Located<String>?
    var description: String?
    var timers = Timers.fast
    var networks: [Network] = []
    var services: [Service] = []
    var sites: [Site] = []
    var clients: [Client] = []
    var links: [Link] = []
    var exchanges: [Exchange] = []
    var multicast: [Multicast] = []
    /// The AS path expressions and the neighbours that rules of policy name.
    var expressions: [Located<String>] = []
    var policyNeighbours: [Located<String>] = []
    /// The steps of the scenario; nil without one.
    var scenario: [Scenario.Step]?
    /// The names in it, as far as they are those of this lab.
    var mentions: [Mention] = []
    /// The faults in it, likewise.
    var faults: [Located<Fault>] = []
    /// Whether a step that was read may have moved routes, whether one has changed the lab, and whether one holds connections.
    var (isDisturbed, isApplied, isConnected) = (false, false, false)
    /// Whether a step that was read begins a flood.
    var isFlooded = false
    /// What health checks ask.
    var healthQuestions: [Located<HealthCheck.Question>] = []
    /// Whether all names, cities and relations are good, so that what is joined to what is known.
    var hasStructure = true
}
