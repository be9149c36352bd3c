import LabModel
import Testing

@testable import LabFile

/// `daemon:` of a network.
struct OtherDaemonTests {
    private func with(_ words: String) -> String { good.with("providers: [core] }\nservices", "\(words) }\nservices") }

    @Test(arguments: OtherDaemon.allCases)
    func eachIsReadByItsName(daemon: OtherDaemon) throws {
        let text = with("providers: [core], daemon: \(daemon.rawValue)")
        #expect(problems(text) == [])
        let lab = try #require(parse(text).lab)
        #expect(lab.networks.map(\.daemon) == [nil, daemon])
        #expect(lab.otherDaemons.map(\.network) == ["edge"])
        let topology = try Topology(lab)
        #expect(topology.nodes.map { topology.otherDaemon(of: $0.index) } == [nil, nil, daemon, nil, nil])
    }

    @Test(arguments: [
        ("bidr", "4:65 there is no daemon 'bidr' | did you mean 'bird'? "),
        ("bird2", "4:65 there is no daemon 'bird2' | did you mean 'bird'? "),
        ("quagga", "4:65 there is no daemon 'quagga' | did you mean 'frr'? "),
        ("exabgp", "4:65 there is no daemon 'exabgp' | "),
    ])
    func anotherNameIsAnError(word: String, expected: String) {
        let rest = "the daemons are bird, frr, gobgp, openbgpd; without the key the routers run our own"
        let found = problems(with("providers: [core], daemon: \(word)"))
        let hint = word == "exabgp" ? "did you mean 'gobgp'? " : ""
        #expect(found == [expected + rest] || found == [expected + hint + rest], "\(found)")
    }

    @Test func aDaemonIsText() {
        let found = problems(with("providers: [core], daemon: 7"))
        #expect(found == ["4:65 expected text, not 7 | put it in quotation marks"])
    }

    @Test(arguments: [
        ("multipath", "multipath: 4"), ("decision", "decision: oldest-external"),
        ("always-compare-med", "always-compare-med: true"), ("damping", "damping: on"),
        ("import", "import: [{ then: reject }]"), ("export", "export: [{ then: reject }]"),
    ])
    func whatOnlyOurOwnDaemonDoesIsRefused(key: String, text: String) {
        let found = problems(with("providers: [core], \(text), daemon: frr"))
        #expect(
            found == [
                "4:3 '\(key)' is for networks of our own daemon, and 'edge' runs FRR | leave out '\(key)' or 'daemon'"
            ])
        #expect(problems(with("providers: [core], damping: off, daemon: frr")) == [])
    }

    @Test func onlyWhoTakesOTCAwayCanLeak() {
        let leak = "providers: [{ network: core, leak: true }], daemon: "
        #expect(problems(with(leak + "bird")) == [])
        for daemon in OtherDaemon.allCases where daemon != .bird {
            let found = problems(with(leak + daemon.rawValue))
            let expected = "4:61 \(daemon.title) cannot leak routes to 'core': "
            #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
        }
    }
}
