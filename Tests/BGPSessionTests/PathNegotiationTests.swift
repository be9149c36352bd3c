import BGPSession
import BGPWire
import Net
import Testing

/// What both OPEN messages must say for path identifiers (RFC 7911) and extended next hops (RFC 8950).
@Suite("Negotiation of paths")
struct PathNegotiationTests {
    private func negotiated(
        _ own: SessionConfiguration, _ capabilities: [Capability], families: AddressFamilies = [.ipv4, .ipv6]
    ) throws -> NegotiatedSession {
        var open = SessionConfiguration.sample(local: 65002, remote: 65001, identifier: "10.0.0.2", families: families)
            .open
        open.capabilities += capabilities
        let session = Session.outgoing(.openConfirm, own, peer: open)
        return try #require(session.negotiated(on: .outgoing))
    }

    private static func own(
        receive: AddressFamilies = [], send: AddressFamilies = [], extended: Bool = false,
        families: AddressFamilies = [.ipv4, .ipv6]
    ) -> SessionConfiguration {
        var configuration = SessionConfiguration.sample(families: families)
        configuration.pathReception = receive
        configuration.pathSending = send
        configuration.isExtendedNextHop = extended
        return configuration
    }

    private static func addPath(_ ipv4: UInt8?, _ ipv6: UInt8? = nil) -> Capability {
        .addPath(
            [(AddressFamily.ipv4, ipv4), (.ipv6, ipv6)].compactMap { family, directions in
                directions.map { AddPath(FamilyIdentifier(family), directions: $0) }
            })
    }

    @Test("The OPEN has one capability with the families of which there is something to say, and else none")
    func offered() {
        func offers(_ configuration: SessionConfiguration) -> [Capability] {
            configuration.open.capabilities.filter { $0.code == 69 || $0.code == 5 }
        }
        #expect(offers(Self.own()).isEmpty)
        #expect(
            offers(Self.own(receive: .ipv4, send: [.ipv4, .ipv6])) == [Self.addPath(3, 2)])
        #expect(offers(Self.own(receive: [.ipv4, .ipv6], families: .ipv6)) == [Self.addPath(nil, 1)])
        #expect(offers(Self.own(extended: true)) == [.extendedNextHop([.ipv4ByIPv6])])
        #expect(offers(Self.own(extended: true, families: .ipv6)).isEmpty)
    }

    @Test("Identifiers go where one says that it sends and the other that it receives", arguments: UInt8(1)...3, 0...3)
    func directions(theirs: UInt8, ours: Int) throws {
        let session = try negotiated(
            Self.own(receive: ours & 1 != 0 ? .ipv4 : [], send: ours & 2 != 0 ? .ipv4 : []), [Self.addPath(theirs)])
        #expect(session.receivedPaths == (ours & 1 != 0 && theirs & 2 != 0 ? .ipv4 : []))
        #expect(session.sentPaths == (ours & 2 != 0 && theirs & 1 != 0 ? .ipv4 : []))
    }

    @Test("A capability with a number that RFC 7911 does not know is not understood, and the session lives")
    func unknownDirections() throws {
        let own = Self.own(receive: [.ipv4, .ipv6], send: [.ipv4, .ipv6])
        for directions in [UInt8(0), 4, 255] {
            let session = try negotiated(own, [Self.addPath(directions, 3)])
            #expect(session.receivedPaths.isEmpty && session.sentPaths.isEmpty)
        }
    }

    @Test("A family that the session does not carry has no identifiers, nor one of which the neighbour says nothing")
    func families() throws {
        let own = Self.own(receive: [.ipv4, .ipv6], send: [.ipv4, .ipv6])
        let fewer = try negotiated(own, [Self.addPath(3, 3)], families: .ipv6)
        #expect(fewer.receivedPaths == .ipv6 && fewer.sentPaths == .ipv6)
        let unnamed = try negotiated(own, [Self.addPath(3)])
        #expect(unnamed.receivedPaths == .ipv4 && unnamed.sentPaths == .ipv4)
        #expect(try negotiated(own, []).receivedPaths.isEmpty)
    }

    @Test("What is read as having identifiers is what was negotiated")
    func context() throws {
        let own = Self.own(receive: .ipv6, extended: true)
        let context = try negotiated(own, [Self.addPath(3, 3), .extendedNextHop([.ipv4ByIPv6])]).updateContext(for: own)
        #expect(context.pathFamilies == .ipv6 && context.isExtendedNextHop)
    }

    @Test("An extended next hop needs both, for IPv4 unicast by IPv6")
    func extendedNextHop() throws {
        let capability = Capability.extendedNextHop([
            ExtendedNextHop(afi: 1, safi: 128, nextHopAFI: 2), .ipv4ByIPv6,
        ])
        #expect(try negotiated(Self.own(extended: true), [capability]).isExtendedNextHop)
        #expect(try !negotiated(Self.own(), [capability]).isExtendedNextHop)
        #expect(try !negotiated(Self.own(extended: true), []).isExtendedNextHop)
        let other = Capability.extendedNextHop([ExtendedNextHop(afi: 1, safi: 128, nextHopAFI: 2)])
        #expect(try !negotiated(Self.own(extended: true), [other]).isExtendedNextHop)
        #expect(try !negotiated(Self.own(extended: true), [capability], families: .ipv6).isExtendedNextHop)
    }
}
