import BGPSession
import BGPSimulation
import BGPTable
import BGPWire
import Net

/// Sessions and table together, with a provider, a customer and an internal neighbour who send anything at any time: no trap,
/// nothing malformed is sent, and when all sessions are stopped nothing is left.
/// Input: operations, an octet each, with what they need behind it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSpeaker(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    var run = Run()
    while !script.isAtEnd { run.step(&script) }
    run.finish()
    return 0
}

private struct Run {
    private var router: SimulatedRouter
    private var now: UInt64 = 0
    private let own: IPPrefix = IPPrefix(.v4(IPv4Address(198, 51, 100, 0)), length: 24)

    init() {
        var description = RouterDescription("r", asn: 65000, address: IPv4Address(10, 0, 0, 1))
        for (index, relation) in [Relation.provider, .customer, .internal].enumerated() {
            let asn = relation == .internal ? ASN(65000) : ASN(65001 + UInt32(index))
            var neighbour = NeighbourDescription(
                "\(relation)", asn: asn, address: IPv4Address(10, 0, 0, UInt8(index + 2)), relation: relation)
            neighbour.isPassive = index != 1
            neighbour.isClient = relation == .internal
            neighbour.holdTime = 9
            neighbour.interval = index == 0 ? 1_000_000_000 : 0
            neighbour.mostPrefixes = index == 1 ? 20 : nil
            neighbour.preference = index == 1 ? 50 : nil
            description.neighbours.append(neighbour)
        }
        description.damping = DampingOptions(
            halfLife: 1_000_000_000, suppress: 1400, maximumSuppressTime: 10_000_000_000)
        router = SimulatedRouter(description)
        give(.originate(own))
        for index in 0..<3 { establish(index, .incoming) }
    }

    /// The neighbour connects and is polite as far as Established.
    private mutating func establish(_ index: Int, _ origin: ConnectionOrigin) {
        let neighbour = router.description.neighbours[index]
        give(.start(index))
        give(.offered(index))
        var octets: [UInt8] = []
        OpenMessage(
            asn: neighbour.asn, holdTime: 9, identifier: neighbour.address,
            capabilities: [
                .multiprotocol(FamilyIdentifier(.ipv4)), .multiprotocol(FamilyIdentifier(.ipv6)), .routeRefresh,
                .enhancedRouteRefresh,
            ] + (index == 0 ? [] : [.fourOctetASN(neighbour.asn)])
        ).encode(to: &octets)
        MessageHeader.encodeKeepalive(to: &octets)
        give(.octets(index, origin, octets))
        give(.work)
    }

    mutating func step(_ script: inout Script) {
        let operation = script.octet()
        let index = Int(operation >> 4) % 3
        let origin: ConnectionOrigin = operation & 0x80 == 0 ? .incoming : .outgoing
        switch operation & 15 {
        case 0, 1, 2: give(.octets(index, origin, message(2, &script)))
        case 3: give(.octets(index, origin, message(1 + script.octet() % 6, &script)))
        case 4:
            let count = Int(script.octet())
            give(.octets(index, origin, script.octets(count)))
        case 5: give(.octets(index, origin, message(4, &script)))
        case 6:
            now += UInt64(script.octet()) * 100_000_000
            give(.timer)
        case 7: give(.work)
        case 8: establish(index, .incoming)
        case 9: give(.failed(index, origin))
        case 10: give(.connected(index))
        case 11: give(.offered(index))
        case 12: give(script.octet() & 1 == 0 ? .linkDown(index) : .linkUp(index))
        case 13: give(script.octet() & 1 == 0 ? .originate(own) : .withdraw(own))
        case 14: give(.suppress(index, script.octet() & 1 == 0 ? own : nil))
        default: give(script.octet() & 1 == 0 ? .stop(index) : .refresh(index))
        }
    }

    /// A message with a right header and the body that the script has.
    private func message(_ type: UInt8, _ script: inout Script) -> [UInt8] {
        let body = type == 4 ? [] : script.octets(Int(script.octet()))
        let length = 19 + body.count
        return [UInt8](repeating: 0xFF, count: 16) + [UInt8(length >> 8), UInt8(length & 255), type] + body
    }

    private mutating func give(_ input: SimulatedRouter.Input) {
        for output in router.handle(input, at: now) {
            guard case .octets(let index, _, let octets) = output else { continue }
            check(octets, index)
        }
    }

    /// What is sent is whole messages, and routes that the neighbour would take.
    private func check(_ octets: [UInt8], _ index: Int) {
        let messages = EventLog.messages(in: octets)
        promise(messages.reduce(0) { $0 + 19 + $1.body.count } == octets.count, "no whole messages: \(octets)")
        let context = UpdateContext(
            isInternal: index == 2, isFourOctetASN: index != 0, families: [.ipv4, .ipv6],
            firstASN: index == 2 ? nil : ASN(65000))
        for message in messages where message.type == .update {
            do throws(NotificationMessage) {
                let update = try UpdateMessage(decoding: message.body.span.bytes, context: context)
                promise(update.treatedAsWithdraw == nil && update.discarded.isEmpty, "sent: \(update)")
            } catch {
                promise(false, "sent: \(error)")
            }
        }
    }

    /// Without neighbours and routes of our own there is no prefix and no attribute left.
    mutating func finish() {
        give(.withdraw(own))
        for index in 0..<3 { give(.stop(index)) }
        give(.work)
        promise(router.table.knownPrefixes.isEmpty, "routes are left: \(router.table.knownPrefixes)")
        promise(router.table.prefixCount == 0, "prefixes are left: \(router.table.prefixCount)")
        promise(router.table.attributeSetCount == 0, "attributes are left: \(router.table.attributeSetCount)")
        for index in 0..<3 { promise(router.state(of: index) == .idle, "a stopped session is not Idle") }
        // What is remembered of routes that flapped is forgotten in the end.
        now += 3_600_000_000_000
        give(.timer)
        give(.work)
        promise(router.deadline == nil, "a stopped router waits")
    }
}
