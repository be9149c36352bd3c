import LabModel
import Testing

@testable import LabFile

/// Services of kind `http`.
struct WebTests {
    private let text = """
        lab: good
        networks:
          core: { cities: [FRA] }
        services:
          files: { kind: http, addresses: [198.51.100.80], objects: [{ path: /, size: 2kB, max-age: 60s }, { path: /x }] }
          shop: { kind: http, addresses: [192.0.2.80], origin: store }
        sites:
          store: { service: files, city: FRA, providers: [core] }
          edge: { service: shop, city: FRA, providers: [core] }
        clients:
          home: { city: FRA, provider: core }
        """

    @Test func isRead() throws {
        let lab = try #require(parse(text).lab)
        #expect(lab.services[0].web?.objects == [.init(path: "/", size: 2000, maxAge: 60), .init(path: "/x")])
        #expect(lab.services[1].kind == .http && lab.services[1].web == WebService(origin: "store"))
        #expect(lab.services[1].web?.objects == [])
        let page = text.replacing(", objects: [{ path: /, size: 2kB, max-age: 60s }, { path: /x }]", with: "")
        #expect(parse(page).lab?.services[0].web?.objects == [.init(path: "/", maxAge: 60)])
    }

    @Test(arguments: [
        ("origin: store", "origin: stor", "there is no site 'stor'", "did you mean 'store'?"),
        ("origin: store", "origin: edge", "the origin 'edge' is a site of the service itself", nil),
        ("origin: store", "origin: store, objects: [{ path: / }]", "either 'objects' or an 'origin'", nil),
        (
            "origin: store", "origin: store, zone: { origin: a.test, records: [] }", "'zone' is nothing for a service",
            nil
        ),
        (
            "kind: http, addresses: [198.51.100.80], objects: [{ path: /, size: 2kB, max-age: 60s }, { path: /x }]",
            "addresses: [198.51.100.80]", "'store' has no objects", nil
        ),
        ("kind: http, addresses: [192", "addresses: [192", "'origin' is nothing for a service of kind dns", nil),
        ("{ path: /x }", "{ path: / }", "'/' is there twice", nil),
        ("2kB", "17MB", "out of range", "0B to 16MB"), ("60s", "500ms", "finer than a second", nil),
    ])
    func isRefused(_ part: String, _ replacement: String, _ message: String, _ hint: String?) {
        let changed = text.replacing(part, with: replacement)
        #expect(changed != text)
        let problems = problems(changed)
        #expect(problems.contains { $0.contains(message) && $0.contains(hint ?? "") }, "\(problems)")
        #expect(parse(changed).lab == nil)
    }
}
