import BGPSession
import BGPWire
import Net
import Testing

/// How UPDATE messages are read at an exchange point with a route server (RFC 7947).
@Suite("Route server sessions")
struct ExchangeTests {
    @Test("Only a client takes paths without the neighbour in front, and only the server keeps all attributes")
    func context() throws {
        for part in [nil, ExchangePart.client, .routeServer] {
            var configuration = SessionConfiguration.sample()
            configuration.exchange = part
            let session = Session.outgoing(.openConfirm, configuration)
            let context = try #require(session.negotiated(on: .outgoing)).updateContext(for: configuration)
            #expect(context.firstASN == (part == .client ? nil : ASN(65002)))
            #expect(context.isTransparent == (part == .routeServer))
        }
    }
}
