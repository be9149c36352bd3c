import Foundation
import JSON
import TestSupport
import Testing

/// A router with two links to its provider, over which both have a session each and family.
struct TwoLinks {
    let ours: TestNode
    let theirs: TestNode

    init() throws {
        ours = try TestNode()
        theirs = try TestNode()
        for number in 0..<2 { try ours.link("up\(number)", to: theirs, "down\(number)", number: number) }
    }

    private func neighbours(isEven: Bool, _ more: [JSON.Member]) -> [JSON] {
        (0..<2).flatMap { number in
            NeighbourText(
                name: "link\(number)", asn: isEven ? 65002 : 65001,
                interface: isEven ? "up\(number)" : "down\(number)", relation: isEven ? "provider" : "customer",
                link: number, isEven: isEven
            ).json(more)
        }
    }

    func ourConfiguration(_ more: [JSON.Member], neighbours own: [JSON.Member] = []) -> JSON {
        configuration("ours", asn: 65001, identifier: "10.0.0.1", originate: [], neighbours(isEven: true, own), more)
    }

    func ourSpeaker(_ more: [JSON.Member], neighbours own: [JSON.Member] = []) throws -> RunningSpeaker {
        let speaker = try RunningSpeaker(ours, ourConfiguration(more, neighbours: own))
        speaker.start()
        return speaker
    }

    func theirSpeaker(_ originate: [String], _ own: [JSON.Member] = []) throws -> RunningSpeaker {
        let speaker = try RunningSpeaker(
            theirs,
            configuration(
                "theirs", asn: 65002, identifier: "10.0.0.2", originate: originate,
                neighbours(isEven: false, own)))
        speaker.start()
        return speaker
    }

    /// The interfaces by which packets for a prefix leave, as `ip -j route` tells them.
    func interfaces(_ prefix: String) throws -> [String] {
        struct Route: Decodable {
            struct Hop: Decodable {
                let dev: String
                let flags: [String]
            }
            let dev: String?
            let nexthops: [Hop]?
            let `protocol`: String
        }
        let family = prefix.contains(":") ? "-6" : "-4"
        let text = try run("ip", ["-n", ours.name, "-j", family, "route", "show", "exact", prefix])
        let routes = try JSONDecoder().decode([Route].self, from: Data(text.utf8))
        #expect(routes.allSatisfy { $0.protocol == "bgp" })
        return routes.flatMap { route -> [String] in
            if let hops = route.nexthops { return hops.filter { !$0.flags.contains("dead") }.map(\.dev) }
            return route.dev.map { [$0] } ?? []
        }.sorted()
    }
}
