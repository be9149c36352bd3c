import JSON
import Net
import Testing

@testable import LinkWire

private let whole = """
    {"links":[{"id":3,"a":{"netns":"/run/netns/hello.london","device":"eurocore-fra","mac":"02:00:00:00:00:01"},
    "b":{"netns":"/run/netns/hello.fra","device":"london"},
    "a_to_b":{"delay_ns":5000000,"jitter_ns":1000,"loss":0.001,"duplicate":0.25,"reorder":1,"rate_bps":8,"limit_packets":9},
    "up":false}]}
    """

/// What is wrong with a configuration of one link, `good` changed by replacing `old` with `new`.
private func complaint(_ old: String, _ new: String) throws -> String? {
    let changed = whole.replacing(old, with: new)
    #expect(changed != whole)
    do {
        _ = try WireLink.list(try JSON(parsing: changed))
        return nil
    } catch let error as WireError {
        return error.description
    }
}

@Suite struct WireConfigurationTests {
    @Test func everyKeyIsRead() throws {
        let link = try #require(try WireLink.list(try JSON(parsing: whole)).first)
        #expect(link.id == 3)
        #expect(
            link.a
                == WireEnd(
                    namespace: "/run/netns/hello.london", device: "eurocore-fra",
                    address: MACAddress(rawValue: 0x0200_0000_0001)))
        #expect(link.b == WireEnd(namespace: "/run/netns/hello.fra", device: "london", address: nil))
        #expect(
            link.aToB
                == Impairment(
                    delay: 5_000_000, jitter: 1_000, loss: 0.001, duplicate: 0.25, reorder: 1, rate: 8, limit: 9))
        #expect(link.bToA == Impairment())
        #expect(!link.isUp)
    }

    @Test func anUnknownKeyIsNamedWithItsPlace() throws {
        #expect(try complaint("\"loss\"", "\"los\"") == "links[0].a_to_b: unknown key 'los'")
        #expect(
            try complaint("\"device\":\"london\"", "\"device\":\"london\",\"vlan\":1")
                == "links[0].b: unknown key 'vlan'")
        #expect(try complaint("\"up\"", "\"down\"") == "links[0]: unknown key 'down'")
        #expect(try complaint("{\"links\"", "{\"x\":1,\"links\"") == "the configuration: unknown key 'x'")
    }

    @Test func aMissingOrDoubledKeyIsNamed() throws {
        #expect(try complaint("\"id\":3,", "") == "links[0]: key 'id' is missing")
        #expect(try complaint(",\"device\":\"london\"", "") == "links[0].b: key 'device' is missing")
        #expect(try complaint("\"id\":3,", "\"id\":3,\"id\":4,") == "links[0]: key 'id' twice")
    }

    @Test(arguments: ["-1", "1.5", "\"5ms\"", "null", "3600000000001", "9223372036854775808"])
    func aDelayOutOfRangeIsRefused(value: String) throws {
        #expect(
            try complaint("5000000", value)
                == "links[0].a_to_b.delay_ns: a whole number from 0 to 3600000000000 expected")
    }

    @Test(arguments: ["-0.1", "1.1", "true", "\"1%\""])
    func aShareOutOfRangeIsRefused(value: String) throws {
        #expect(try complaint("0.001", value) == "links[0].a_to_b.loss: a number from 0 to 1 expected")
    }

    @Test(arguments: ["", "sixteen-bytes-xx", "a/b", "a b", "..", "eth%d", "a:0", "a\\u0000b"])
    func aNameThatNoInterfaceCanHaveIsRefused(name: String) throws {
        #expect(try complaint("\"london\"", "\"\(name)\"")?.hasPrefix("links[0].b.device: ") == true)
    }

    @Test func aWrongMACAddressIsRefused() throws {
        #expect(
            try complaint("02:00:00:00:00:01", "02:00:00:00:00")
                == "links[0].a.mac: '02:00:00:00:00' is no Ethernet address")
    }

    @Test func twoLinksOfOneNumberAreRefused() throws {
        let link = #"{"id":0,"a":{"netns":"/x","device":"a"},"b":{"netns":"/x","device":"b"}}"#
        #expect(throws: WireError("links[1]: a second link 0")) {
            try WireLink.list(try JSON(parsing: "{\"links\":[\(link),\(link)]}"))
        }
    }

    @Test(arguments: ["[]", "7", "{}", #"{"links":{}}"#, #"{"links":[1]}"#, #"{"links":[{"id":0,"a":[],"b":{}}]}"#])
    func otherShapesAreRefused(text: String) throws {
        #expect(throws: WireError.self) { try WireLink.list(try JSON(parsing: text)) }
    }
}
