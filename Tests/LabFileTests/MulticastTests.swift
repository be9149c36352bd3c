import LabModel
import Net
import Testing

@testable import LabFile

/// Multicast groups: what they are read as, and what is said of slips in them.
struct MulticastTests {
    private static func file(_ group: String) -> String {
        good.with("clients:\n", "clients:\n  away: { city: FRA, provider: core }\n") + "multicast:\n  \(group)\n"
    }

    @Test func groupsAreRead() {
        let file = parse(
            Self.file("news: { addresses: [233.252.0.1, \"ff0e::db8:0:1\"], source: home, members: [away] }"))
        #expect(file.diagnostics.map(\.description) == [])
        let addresses = ["233.252.0.1", "ff0e::db8:0:1"].compactMap { IPAddress($0) }
        #expect(
            file.lab?.multicast == [
                MulticastGroup(name: "news", addresses: addresses, source: "home", members: ["away"])
            ])
        #expect(parse(good).lab?.multicast == [])
    }

    @Test(arguments: [
        ("addresses: [233.252.0.1], source: home", "15:9 a multicast group needs the key 'members'"),
        (
            "addresses: [192.0.2.1], source: home, members: [away]",
            "15:23 '192.0.2.1' is not the address of a multicast group that routers forward"
        ),
        (
            "addresses: [224.0.0.5], source: home, members: [away]",
            "15:23 '224.0.0.5' is not the address of a multicast group that routers forward"
        ),
        (
            "addresses: [\"ff02::1\"], source: home, members: [away]",
            "15:23 'ff02::1' is not the address of a multicast group that routers forward"
        ),
        (
            "addresses: [], source: home, members: [away]",
            "15:22 a multicast group needs at least one of its 'addresses'"
        ),
        (
            "addresses: [233.252.0.1], source: home, members: []",
            "15:60 a multicast group needs at least one of its 'members'"
        ),
        ("addresses: [233.252.0.1], source: london, members: [away]", "15:45 there is no client 'london'"),
        (
            "addresses: [233.252.0.1], source: home, members: [away, home]",
            "15:67 'home' is in the group already (line 15)"
        ),
        (
            "addresses: [233.252.0.1, 233.252.0.1], source: home, members: [away]",
            "15:36 233.252.0.1 is already used on line 15"
        ),
    ])
    func groupsThatAreNone(group: String, message: String) {
        let found = problems(Self.file("news: { \(group) }"))
        #expect(found.count == 1 && found.first?.hasPrefix(message) == true, "\(found)")
    }
}
