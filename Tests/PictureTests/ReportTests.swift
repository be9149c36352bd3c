import Testing

@testable import Picture

@Suite("Bars, distributions and timelines")
struct ReportTests {
    private let marks = SiteMarks(["london", "tokyo"])

    /// The numbers of an attribute in all elements of a class.
    private func values(_ attribute: String, class name: String, _ svg: String) -> [Double] {
        svg.split(separator: "\n").filter { $0.contains("class=\"\(name)\"") }.compactMap { line in
            line.split(separator: " \(attribute)=\"").dropFirst().first.flatMap { Double($0.prefix { $0 != "\"" }) }
        }
    }

    @Test("A bar is as long as its part of the clients, and says so in words") func bars() throws {
        let svg = ShareBars.svg(
            title: "shares",
            [.init(site: "london", clients: 6), .init(site: "tokyo", clients: 3), .init(site: nil, clients: 1)],
            marks: marks)
        #expect(whatIsWrong(withXML: svg) == nil)
        let london = try #require(values("width", class: "c0", svg).first)
        let tokyo = try #require(values("width", class: "c1", svg).first)
        #expect(abs(london - 2 * tokyo) < 0.2)
        for text in ["6, 60 %", "3, 30 %", "1, 10 %", "no site", "london: 6, tokyo: 3, no site: 1"] {
            #expect(svg.contains(text), "\(text)")
        }
        #expect(whatIsWrong(withXML: ShareBars.svg(title: "none", [], marks: marks)) == nil)
    }

    @Test("Quantiles count what was not answered, too") func quantiles() {
        let series = RTTDistribution.Series(name: "a", milliseconds: [30, 10, 20, nil])
        #expect(series.quantile(0.5) == 20)
        #expect(series.quantile(0.75) == 30)
        #expect(series.quantile(0.76) == nil && series.quantile(0.95) == nil)
        #expect(series.quantile(0) == 10)
        #expect(RTTDistribution.Series(name: "b", milliseconds: []).quantile(0.5) == nil)
    }

    @Test("A distribution says median and 95 percent of each case") func distribution() {
        let svg = RTTDistribution.svg(
            title: "RTT",
            [
                .init(name: "anycast", milliseconds: (1...100).map { Double($0) }),
                .init(name: "unicast", milliseconds: [nil, nil, 5]),
            ])
        #expect(whatIsWrong(withXML: svg) == nil)
        #expect(svg.contains("anycast: median 50 ms, 95 % within 95 ms<"))
        #expect(svg.contains("unicast: less than half answered, 2 of 3 not answered"))
        #expect(whatIsWrong(withXML: RTTDistribution.svg(title: "none", [])) == nil)
    }

    @Test("A timeline shows each client's gap, and its spans to scale") func timeline() throws {
        let svg = FailoverTimeline.svg(
            title: "failover",
            [
                .init(
                    client: "home",
                    spans: [
                        .init(from: 0, to: 100, outcome: .answered(site: "london")),
                        .init(from: 100, to: 150, outcome: .lost), .init(from: 150, to: 170, outcome: .looped),
                        .init(from: 170, to: 270, outcome: .answered(site: "tokyo")),
                    ])
            ], moments: [.init(time: 100, name: "fail london")], marks: marks)
        #expect(whatIsWrong(withXML: svg) == nil)
        #expect(svg.contains(">70 ms</text>") && svg.contains("home: 70 ms without an answer"))
        let london = try #require(values("width", class: "c0", svg).first)
        let gap = try #require(values("width", class: "gap", svg).first)
        #expect(abs(london - 2 * gap) < 0.3)
        #expect(svg.contains(">fail london</text>") && svg.contains(">tokyo</text>"))
        #expect(whatIsWrong(withXML: FailoverTimeline.svg(title: "", [], moments: [], marks: marks)) == nil)
    }

    @Test("Best paths stand in their boxes where they fit, and a router without one has none") func paths() throws {
        let svg = PathTimeline.svg(
            title: "paths",
            [
                .init(
                    router: "core-fra",
                    spans: [
                        .init(from: -100, to: 0, path: ["64500"]), .init(from: 0, to: 5, path: nil),
                        .init(from: 5, to: 8, path: ["65010", "65020", "64500"]),
                        .init(from: 8, to: 200, path: ["65030", "64500"]), .init(from: 200, to: 300, path: []),
                    ])
            ], moments: [.init(time: 0, name: "fail london")])
        #expect(whatIsWrong(withXML: svg) == nil)
        for text in [">64500</text>", ">65030 64500</text>", ">its own</text>", ">fail london</text>"] {
            #expect(svg.contains(text), "\(text)")
        }
        #expect(
            !svg.contains(">65010 65020 64500</text>") && svg.contains("<title>65010 65020 64500, 5 to 8 ms</title>"))
        #expect(svg.contains("core-fra: 64500, then no path, then 65010 65020 64500, then 65030 64500, then its own"))
        #expect(values("width", class: "gap", svg).count == 1)
        #expect(whatIsWrong(withXML: PathTimeline.svg(title: "", [], moments: [])) == nil)
    }

    @Test(
        "A scale has two to eight round numbers, whatever the span",
        arguments: [
            (0.0, 0.01), (0, 0.8), (0, 7), (-3, 44), (0, 999), (12, 123_456), (5, 5),
        ])
    func axis(from: Double, to: Double) {
        let axis = Axis(from: from, to: to, left: 0, right: 100)
        var svg = SVG()
        axis.draw(top: 0, bottom: 10, unit: "", &svg)
        let count = svg.body.split(separator: "<text").count - 1
        #expect((2...8).contains(count), "\(svg.body)")
        #expect(axis.x(from) == 0 && axis.x(to) <= 100 && axis.x(to + 1e9) == 100)
    }

    @Test(
        "The check of XML that these tests rely on finds what is wrong",
        arguments: [
            "<a>", "<a></b>", "<a b=c/>", "<a b=\"1\" b=\"2\"/>", "<a>&x</a>", "<a/><a/>", "", "<a b=\"<\"/>", "x<a/>",
        ])
    func checker(text: String) { #expect(whatIsWrong(withXML: text) != nil) }
}
