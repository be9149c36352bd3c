import LabModel
import LabPlan
import TestSupport
import Testing

/// Only what differs is touched, and each step says why.
struct DifferenceTests {
    private func difference(
        _ backend: LinkBackend = .netem, _ change: (inout Lab) -> Void
    ) throws -> Difference {
        let old = try smallTopology()
        var lab = old.lab
        change(&lab)
        return Difference(
            from: Plan(old, backend: backend),
            to: Plan(try Topology(lab, keeping: old.numbering), backend: backend), processors: 2)
    }

    private func words(_ difference: Difference) -> [String] {
        difference.steps.map { step in
            let (verb, object) = difference.words(step)
            return "\(verb) \(object)"
        }
    }

    @Test(arguments: LinkBackend.allCases) func noChangeIsNoStep(_ backend: LinkBackend) throws {
        let difference = try difference(backend) { $0.description = "said otherwise" }
        #expect(difference.steps.isEmpty)
        #expect(difference.nodes == Array(0..<6))
        #expect(difference.links == Array(0..<difference.new.topology.links.count))
    }

    @Test(arguments: LinkBackend.allCases) func aChangedLossTouchesOneLink(_ backend: LinkBackend) throws {
        let difference = try difference(backend) { $0.links[0].loss = 0.25 }
        #expect(words(difference) == ["shape core-sin -- singapore delay 5ms jitter 1ms loss 25% rate 1gbit"])
        #expect(difference.steps[0].reason.contains("loss 0.1%"))
    }

    @Test func aChangedDelayChangesTheMetricToo() throws {
        let difference = try difference { $0.links[0].delay = 9_000_000 }
        #expect(words(difference).map { $0.split(separator: " ")[0] } == ["shape", "address"])
    }

    @Test func aNewSiteConcernsItsRouterAndNobodyElse() throws {
        let difference = try difference { lab in
            var site = lab.sites[0]
            site.name = "second"
            lab.sites.insert(site, at: 0)
        }
        #expect(
            words(difference).filter { !$0.hasPrefix("hosts") && !$0.hasPrefix("shape") && !$0.hasPrefix("address") }
                == [
                    "namespace small.second", "link edge-lhr:second -- second:edge-lhr", "routes second",
                    "reconfigure edge-lhr bgp", "start second dns", "start second bgp",
                ])
        let told = try #require(difference.steps.first { $0.action == .reconfigure(node: 2, .bgp) })
        #expect(told.reason == "neighbours +second")
        #expect(difference.nodes == [0, 1, 2, 4, 5, 6], "others are where they move to")
    }

    @Test func whatIsNotInTheFileGoes() throws {
        let difference = try difference { $0.sites.removeFirst() }
        #expect(
            words(difference) == [
                "stop london dns", "stop london bgp", "remove link edge-lhr:london -- london:edge-lhr",
                "remove namespace small.london", "reconfigure edge-lhr bgp",
            ])
        #expect(difference.steps.last?.reason == "neighbours -london")
        #expect(difference.nodes == [0, 1, 2, nil, 3, 4])
    }

    @Test func aClientThatMovesIsJoinedAnew() throws {
        let difference = try difference { $0.clients[0].provider = "core" }
        #expect(
            words(difference).filter { !$0.hasPrefix("shape") && !$0.hasPrefix("address") } == [
                "remove link edge-lhr:home -- home:edge-lhr", "link core-fra:home -- home:core-fra", "routes home",
            ])
    }

    @Test func policyAndTimersAreToldToTheSpeakersTheyConcern() throws {
        let prepended = try difference { $0.sites[0].relations[0].prepend = 3 }
        #expect(words(prepended) == ["reconfigure london bgp"])
        #expect(prepended.steps[0].reason == "other policy or timers")
        let zone = try difference {
            $0.services[0].zone = .init(origin: "small.test", text: "www 300 A 198.51.100.11\n")
        }
        #expect(words(zone) == ["reconfigure london dns", "reconfigure singapore dns"])
        let prefix = try difference { $0.services[0].prefixes.removeLast() }
        #expect(words(prefix).contains("reconfigure london bgp") && words(prefix).contains("routes london"))
    }

    @Test func anotherCheckConcernsEachSiteOfTheService() throws {
        let asked = try difference { $0.services[0].health = HealthCheck() }
        let text = "query interval 1s timeout 500ms fall 3 rise 2 hold-down 10s drain withdraw"
        #expect(words(asked) == ["health london \(text)", "health singapore \(text)"])
        #expect(asked.steps.map(\.reason) == ["was unchecked", "was unchecked"])
        var lab = asked.new.topology.lab
        func steps(_ change: (inout Lab) -> Void) throws -> Difference {
            change(&lab)
            let topology = try Topology(lab, keeping: asked.new.topology.numbering)
            return Difference(from: asked.new, to: Plan(topology, backend: .netem), processors: 2)
        }
        #expect(try steps { $0.description = "said otherwise" }.steps.isEmpty)
        let slower = try steps { $0.services[0].health?.interval = 2500 }
        #expect(words(slower)[0] == "health london \(text.replacing("interval 1s", with: "interval 2.5s"))")
        #expect(slower.steps[0].reason == "was \(text)")
        let without = try steps { $0.services[0].health = nil }
        #expect(words(without) == ["health london unchecked", "health singapore unchecked"])
    }

    /// Multipath by packets is the kernel's affair and not the speaker's: no session is reset for it.
    @Test func multipathByPacketsBeginsAndEndsAtTheRouters() throws {
        let old = try smallTopology()
        var lab = old.lab
        func steps(_ change: (inout Lab) -> Void) throws -> [String] {
            let before = Plan(try Topology(lab, keeping: old.numbering), backend: .netem)
            change(&lab)
            let after = Plan(try Topology(lab, keeping: before.topology.numbering), backend: .netem)
            return words(Difference(from: before, to: after, processors: 2))
        }
        _ = try steps { $0.networks[0].decision.multipath = 4 }
        let begin = try steps { $0.networks[0].decision.hash = .perPacket }
        #expect(begin == ["spread core-fra", "spread core-sin"])
        #expect(try steps { $0.description = "said otherwise" } == [])
        // An interface that is new has no program yet; the routers' others are passed over by the kernel.
        #expect(try steps { $0.clients[0].provider = "core" }.contains("spread core-fra"))
        let plan = Plan(try Topology(lab), backend: .netem)
        let routers = plan.steps.compactMap { if case .spreadPackets(let node) = $0.action { node } else { nil } }
        #expect(routers == plan.topology.spreadingRouters && routers.count == 2)
        #expect(try steps { $0.networks[0].decision.hash = .threshold } == ["spread core-fra", "spread core-sin"])
        // With one way there is nothing to share out.
        lab.networks[1].decision.hash = .perPacket
        #expect(try Topology(lab).spreadingRouters == [])
    }

    @Test func aSiteThatFetchesZonesIsToldWhereTheOthersAre() throws {
        let primary = try difference { $0.services[0].zone?.primary = "singapore" }
        let routes = ["routes london", "routes singapore"]
        #expect(words(primary).filter { $0.hasPrefix("routes") } == routes)
        var lab = primary.new.topology.lab
        func routeSteps(_ change: (inout Lab) -> Void) throws -> [String] {
            change(&lab)
            let topology = try Topology(lab, keeping: primary.new.topology.numbering)
            return words(Difference(from: primary.new, to: Plan(topology, backend: .netem), processors: 2))
                .filter { $0.hasPrefix("routes") }
        }
        #expect(try routeSteps { $0.description = "said otherwise" } == [])
        // The kernel took the route away with the link.
        #expect(try routeSteps { $0.sites[0].relations[0].network = "core" } == ["routes london"])
        #expect(try routeSteps { $0.services[0].zone?.primary = nil } == routes)
    }

    @Test func aNeighbourThatTakesIPv6NextHopsIsNamedOnce() throws {
        let difference = try difference { lab in
            lab.sites.append(lab.sites[0])
            lab.sites[2].name = "second"
            lab.sites[2].relations[0].hasExtendedNextHop = true
        }
        let told = try #require(difference.steps.first { $0.action == .reconfigure(node: 2, .bgp) })
        #expect(told.reason == "neighbours +second")
    }

    @Test func thereAndBackIsTheSame() throws {
        let there = try difference { lab in
            lab.sites.removeFirst()
            lab.clients[0].provider = "core"
            lab.links[0].delay = 1_000_000
        }
        let old = there.old.topology
        let back = try Topology(old.lab, keeping: there.new.topology.numbering)
        #expect(
            Difference(from: Plan(back, backend: .netem), to: Plan(back, backend: .netem), processors: 2).steps.isEmpty)
        #expect(back.nodes.map(\.name) == old.nodes.map(\.name))
    }
}
