import BGPWire
import JSON
import Net
import Testing

@testable import BGPSpeaker

/// Wrong headers, OPEN, NOTIFICATION and ROUTE-REFRESH messages against a live speaker.
@Suite("Bad messages of a session, live")
struct BadSessionTests {
    /// What a speaker that has just connected sends first, and the NOTIFICATION that it reads; nil for a session.
    struct Row: Sendable {
        let source: String
        let text: String
        let bytes: [UInt8]
        let expected: NotificationMessage?

        init(_ source: String, _ text: String, _ bytes: [UInt8], _ expected: NotificationMessage?) {
            self.source = source
            self.text = text
            self.bytes = bytes
            self.expected = expected
        }

        /// An OPEN of version 4, AS 64500, hold time 90 s and identifier 10.0.0.1, unless it says otherwise.
        init(
            open source: String, _ text: String, version: String = "04", asn: String = "FBF4", hold: String = "005A",
            identifier: String = "0A000001", _ parameters: String, _ reason: NotificationReason?, _ data: [UInt8] = []
        ) {
            let body = octets("\(version) \(asn) \(hold) \(identifier) \(parameters)")
            self.init(source, text, message(1, body), reason.map { NotificationMessage($0, data: data) })
        }
    }

    private static let marker = [UInt8](repeating: 0xFF, count: 16)
    private static let families = "01 04 0001 00 01"
    private static let number = "41 04 0000FBF4"

    static let headers: [Row] = [
        Row(
            "RFC 4271, 6.1", "the first octet of the marker", [0xFE] + marker.dropFirst() + [0, 19, 4],
            .init(.connectionNotSynchronized)),
        Row(
            "RFC 4271, 6.1", "the last octet of the marker", marker.dropLast() + [0, 0, 19, 4],
            .init(.connectionNotSynchronized)),
        Row("RFC 4271, 6.1", "a length of 0", marker + [0, 0, 4], .init(.badMessageLength, data: [0, 0])),
        Row("RFC 4271, 6.1", "a length of 18", marker + [0, 18, 4], .init(.badMessageLength, data: [0, 18])),
        Row("RFC 4271, 6.1", "an OPEN of 28 octets", marker + [0, 28, 1], .init(.badMessageLength, data: [0, 28])),
        Row(
            "RFC 8654, 4", "an OPEN of 4,097 octets", marker + [0x10, 1, 1], .init(.badMessageLength, data: [0x10, 1])),
        Row("RFC 4271, 6.1", "an UPDATE of 22 octets", marker + [0, 22, 2], .init(.badMessageLength, data: [0, 22])),
        Row(
            "RFC 4271, 6.1", "a NOTIFICATION of 20 octets", marker + [0, 20, 3],
            .init(.badMessageLength, data: [0, 20])),
        Row(
            "RFC 4271, 6.1", "a KEEPALIVE of 20 octets", marker + [0, 20, 4], .init(.badMessageLength, data: [0, 20])),
        Row(
            "RFC 2918, 3", "a ROUTE-REFRESH of 22 octets", marker + [0, 22, 5], .init(.badMessageLength, data: [0, 22])),
        Row(
            "RFC 2918, 3", "a ROUTE-REFRESH of 24 octets", marker + [0, 24, 5], .init(.badMessageLength, data: [0, 24])),
        Row("RFC 4271, 6.1", "type 0", marker + [0, 19, 0], .init(.badMessageType, data: [0])),
        Row("RFC 4271, 6.1", "type 6", marker + [0, 19, 6], .init(.badMessageType, data: [6])),
        Row("RFC 4271, 6.1", "type 255", marker + [0, 19, 255], .init(.badMessageType, data: [255])),
    ]

    /// What OpenSent does not expect.
    static let early: [Row] = [
        Row("RFC 6608, 4", "KEEPALIVE in OpenSent", message(4, []), .init(.unexpectedMessageInOpenSent, data: [4])),
        Row(
            "RFC 6608, 4", "UPDATE in OpenSent", message(2, [0, 0, 0, 0]),
            .init(.unexpectedMessageInOpenSent, data: [2])),
        Row(
            "RFC 6608, 4", "a wrong UPDATE in OpenSent", message(2, [9, 9, 9, 9]),
            .init(.unexpectedMessageInOpenSent, data: [2])),
        Row(
            "RFC 6608, 4", "ROUTE-REFRESH in OpenSent", message(5, [0, 1, 0, 1]),
            .init(.unexpectedMessageInOpenSent, data: [5])),
    ]

    static let opens: [Row] = [
        Row(open: "RFC 4271, 6.2", "version 3", version: "03", "00", .unsupportedVersionNumber, [0, 4]),
        Row(open: "RFC 4271, 6.2", "version 5", version: "05", "00", .unsupportedVersionNumber, [0, 4]),
        Row(open: "RFC 4271, 6.2", "another AS", asn: "FBF5", "00", .badPeerAS),
        Row(open: "RFC 7607, 2", "AS 0", asn: "0000", "00", .badPeerAS),
        Row(open: "RFC 7607, 2", "AS 0 in the capability", "08 02 06 41 04 00000000", .badPeerAS),
        Row(open: "RFC 6793, 4.1", "another AS in the capability", "08 02 06 41 04 0000FBF5", .badPeerAS),
        Row(
            open: "RFC 6793, 4.1", "two capabilities with two AS numbers", "0E 02 0C 41 04 0000FBF5 \(number)",
            .badPeerAS),
        Row(open: "RFC 6793, 9", "AS_TRANS alone", asn: "5BA0", "00", .badPeerAS),
        Row(open: "RFC 6793, 9", "AS_TRANS and the AS in the capability", asn: "5BA0", "08 02 06 \(number)", nil),
        Row(open: "RFC 4271, 6.2", "a hold time of 1 s", hold: "0001", "00", .unacceptableHoldTime),
        Row(open: "RFC 4271, 6.2", "a hold time of 2 s", hold: "0002", "00", .unacceptableHoldTime),
        Row(open: "RFC 4271, 4.2", "a hold time of 0", hold: "0000", "00", nil),
        Row(open: "RFC 4271, 4.2", "a hold time of 3 s", hold: "0003", "00", nil),
        Row(open: "RFC 6286, 2.2", "identifier 0", identifier: "00000000", "00", .badBGPIdentifier),
        Row(open: "RFC 6286, 2.1", "an identifier that is no unicast address", identifier: "E0000001", "00", nil),
        Row(
            open: "RFC 6286, 2.3", "the identifier of the receiver, from another AS", identifier: "0A000002", "00", nil),
        Row(open: "RFC 4271, 6.2", "an unknown optional parameter", "03 63 01 00", .unsupportedOptionalParameter),
        Row(open: "RFC 4271, 6.2", "authentication, which is deprecated", "03 01 01 00", .unsupportedOptionalParameter),
        Row(open: "RFC 4271, 6.2", "parameters shorter than their length", "02", .openMessageError),
        Row(open: "RFC 4271, 6.2", "parameters longer than their length", "00 00", .openMessageError),
        Row(open: "RFC 4271, 6.2", "half a parameter", "01 02", .openMessageError),
        Row(open: "RFC 4271, 6.2", "a parameter beyond the message", "03 02 06 01", .openMessageError),
        Row(open: "RFC 9072, 2", "extended parameters", "FF FF 0009 02 0006 \(families)", nil),
        Row(
            open: "RFC 9072, 2", "extended parameters of a wrong length", "FF FF 000A 02 0006 \(families)",
            .openMessageError),
        Row(open: "RFC 9072, 2", "extended parameters cut short", "FF FF 00", .openMessageError),
        Row(
            open: "RFC 9072, 2", "extended parameters though they are short", "02 FF FF 0009 02 0006 \(families)",
            .openMessageError),
        Row(open: "RFC 9072, 2", "extended with another length octet than 255", "09 FF 0009 02 0006 \(families)", nil),
        Row(open: "RFC 5492, 4", "a capability beyond its parameter", "04 02 02 01 04", .openMessageError),
        Row(open: "RFC 5492, 4", "half a capability", "03 02 01 01", .openMessageError),
        Row(open: "RFC 5492, 4", "an unknown capability", "06 02 04 63 02 0102", nil),
        Row(open: "RFC 5492, 4", "the same capability twice", "12 02 08 \(families) 02 00 02 06 \(families)", nil),
        Row(open: "RFC 4760, 8", "multiprotocol of three octets", "07 02 05 01 03 000100", .openMessageError),
        Row(open: "RFC 2918, 2", "route refresh with a value", "05 02 03 02 01 00", .openMessageError),
        Row(open: "RFC 8654, 3", "extended messages with a value", "05 02 03 06 01 00", .openMessageError),
        Row(open: "RFC 9234, 4.1", "a role of no octet", "04 02 02 09 00", .openMessageError),
        Row(open: "RFC 9234, 4.1", "a role of two octets", "06 02 04 09 02 0303", .openMessageError),
        Row(open: "RFC 9234, 4.2", "the wrong role", "05 02 03 09 01 00", .roleMismatch),
        Row(open: "RFC 9234, 4.2", "an unknown role", "05 02 03 09 01 63", .roleMismatch),
        Row(open: "RFC 9234, 4.2", "two roles", "08 02 06 09 01 03 09 01 00", .roleMismatch),
        Row(open: "RFC 9234, 4.2", "the same role twice", "08 02 06 09 01 03 09 01 03", nil),
        Row(open: "RFC 4724, 3", "graceful restart of one octet", "05 02 03 40 01 00", .openMessageError),
        Row(
            open: "RFC 4724, 3", "graceful restart with three octets of a family", "07 02 05 40 03 000100",
            .openMessageError),
        Row(open: "RFC 6793, 4.1", "a four-octet number of two octets", "06 02 04 41 02 FBF4", .openMessageError),
        Row(open: "RFC 7313, 3", "enhanced refresh with a value", "05 02 03 46 01 00", .openMessageError),
        Row(
            open: "RFC 5492, 3", "no family in common", "08 02 06 01 04 0019 00 46", .unsupportedCapability,
            octets("01 04 0001 00 01 01 04 0002 00 01")),
    ]

    @Test("The first message is wrong", .timeLimit(.minutes(2)))
    func first() throws {
        let neighbour = try HostileNeighbour(.external)
        for row in Self.headers + Self.early + Self.opens {
            let text = Comment(rawValue: "\(row.source): \(row.text)")
            let peer = try neighbour.connect()
            peer.send(row.bytes)
            if let expected = row.expected {
                #expect(try peer.notification() == expected, text)
            } else {
                peer.keepalive()
                #expect(neighbour.speaker.waitForSession("10.1.0.1", "Established") != nil, text)
            }
        }
    }

    @Test("An OPEN cut at any octet, with a header that agrees, is an error", .timeLimit(.minutes(2)))
    func truncatedOpen() throws {
        let neighbour = try HostileNeighbour(.external)
        let body = Array(neighbour.open().dropFirst(19))
        for count in 10..<body.count {
            let peer = try neighbour.connect()
            peer.send(message(1, Array(body.prefix(count))))
            #expect(try peer.notification() == NotificationMessage(.openMessageError), "\(count) octets")
        }
    }

    @Test("The same identifier inside of an AS is Bad BGP Identifier (RFC 6286, section 2.2)")
    func sameIdentifier() throws {
        let neighbour = try HostileNeighbour(.internal)
        let peer = try neighbour.connect()
        peer.send(neighbour.open(identifier: "10.0.0.2"))
        #expect(try peer.notification() == NotificationMessage(.badBGPIdentifier))
    }

    @Test("In Established", .timeLimit(.minutes(2)))
    func established() throws {
        let neighbour = try HostileNeighbour(.external)
        for row in Self.headers where row.bytes.last != 5 {
            let text = Comment(rawValue: "\(row.source): \(row.text)")
            try neighbour.expect(row.expected.map(BadMessageOutcome.reset) ?? .kept, after: row.bytes, text)
        }
        let borr = message(5, [0, 1, 1, 1, 0])
        let eorr = message(5, [0, 1, 2])
        for (source, outcome, bytes) in [
            ("RFC 6608, 4: OPEN", .reset(.unexpectedMessageInEstablished, [1]), neighbour.open()),
            ("RFC 7313, 5: BoRR of 5 octets", .reset(.invalidRouteRefreshLength, borr), borr),
            ("RFC 7313, 5: EoRR of 3 octets", .reset(.invalidRouteRefreshLength, eorr), eorr),
            ("RFC 2918: a request of 5 octets", .reset(.badMessageLength, [0, 24]), message(5, [0, 1, 0, 1, 0])),
            ("RFC 2918: a request of no octet", .reset(.badMessageLength, [0, 19]), message(5, [])),
            ("RFC 2918, 4: a family that was not offered", .kept, message(5, [0, 25, 0, 70])),
            ("RFC 7313, 5: an unknown subtype", .kept, message(5, [0, 1, 77, 1])),
            ("RFC 7313, 4: EoRR without BoRR", .kept, message(5, [0, 1, 2, 1])),
            (
                "RFC 7313, 4: the route is not sent again", .withdrawn,
                message(5, [0, 1, 1, 1]) + message(5, [0, 1, 2, 1])
            ),
            (
                "RFC 8654, 4: KEEPALIVE of 4,097 octets", .reset(.badMessageLength, [0x10, 1]),
                Self.marker + [0x10, 1, 4]
            ),
        ] as [(Comment, BadMessageOutcome, [UInt8])] {
            try neighbour.expect(outcome, after: bytes, source)
        }
    }

    @Test("In OpenConfirm (RFC 6608, section 4)")
    func openConfirm() throws {
        let neighbour = try HostileNeighbour(.external)
        for (bytes, type) in [(message(2, [0, 0, 0, 0]), 2), (message(5, [0, 1, 0, 1]), 5), (neighbour.open(), 1)]
            as [([UInt8], UInt8)]
        {
            let peer = try neighbour.connect()
            peer.send(neighbour.open() + bytes)
            #expect(try peer.notification() == NotificationMessage(.unexpectedMessageInOpenConfirm, data: [type]))
        }
    }

    @Test("A NOTIFICATION is never answered, whatever is in it, and its text is read only if it is whole (RFC 9003)")
    func notifications() throws {
        let neighbour = try HostileNeighbour(.external)
        for (body, reason) in [
            ([6, 2, 200, 0x61], "Cease, Administrative Shutdown"),
            ([6, 2, 2, 0xC3, 0x28], "Cease, Administrative Shutdown"),
            ([6, 4, 0], "Cease, Administrative Reset"), ([6, 2], "Cease, Administrative Shutdown"),
            ([6, 2, 2, 0x61, 0x62, 0x63], "Cease, Administrative Shutdown \"ab\""),
            ([6, 4, 3, 0xE2, 0x82, 0xAC], "Cease, Administrative Reset \"\u{20AC}\""),
        ] as [([UInt8], String)] {
            let peer = try neighbour.session()
            peer.send(message(3, body))
            let ended = neighbour.speaker.wait { $0["event"] == "session" && $0["state"] != "Established" }
            #expect(ended?["reason"] == .string("received \(reason)"), "\(body)")
            #expect(try peer.notification() == nil, "\(body)")
            neighbour.forget()
        }
        // An unassigned code, and codes that do not exist, end the session like any other.
        for body in [[0, 0], [255, 255], [3, 200, 1, 2, 3], [9, 0] + [UInt8](repeating: 7, count: 4000)] as [[UInt8]] {
            let peer = try neighbour.session()
            peer.send(message(3, body))
            #expect(neighbour.speaker.wait { $0["event"] == "session" && $0["state"] != "Established" } != nil)
            #expect(try peer.notification() == nil, "\(body)")
            neighbour.forget()
        }
    }

    @Test("A session whose octets come one at a time")
    func trickle() throws {
        let neighbour = try HostileNeighbour(.external)
        let peer = try neighbour.connect()
        for octet in neighbour.open() + message(4, []) + update(neighbour.good(tail: [64511])) { peer.send([octet]) }
        #expect(neighbour.speaker.waitForSession("10.1.0.1", "Established") != nil)
        #expect(
            neighbour.speaker.wait {
                $0["event"] == "best" && $0["prefix"] == .string(HostileNeighbour.network) && $0["from"] == "site"
            } != nil)
        // The header of a wrong one, too: the error is found with its last octet.
        for octet in Self.marker + [0, 18, 4] { peer.send([octet]) }
        #expect(try peer.notification() == NotificationMessage(.badMessageLength, data: [0, 18]))
    }
}
