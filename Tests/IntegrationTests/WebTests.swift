import Foundation
import Testing

/// Services of kind `http`, asked with curl, and with sockets where curl is too polite.
@Suite(.serialized)
struct WebTests {
    private static let yaml = """
        lab: web
        networks:
          core: { cities: [FRA] }
        services:
          files:
            kind: http
            addresses: [203.0.113.80, 2001:db8:90::80]
            objects: [{ path: /, size: 2kB, max-age: 600s }, { path: /big, size: 3MB, max-age: 60s }, { path: /now, max-age: 0s }, { path: /own }]
          shop: { kind: http, addresses: [198.51.100.80, 2001:db8:80::80], origin: store }
        sites:
          store: { service: files, city: FRA, providers: [core] }
          edge: { service: shop, city: FRA, providers: [core] }
        clients:
          home: { city: FRA, provider: core }
        """

    private let edge = "198.51.100.80"

    /// What curl says of a response in the words of `-w`.
    private func curl(_ lab: LabUnderTest, _ format: String, _ words: String...) throws -> String {
        try Command.run(
            ["ip", "netns", "exec", "\(lab.name).home", "curl", "-s", "-o", "/dev/null", "-m", "20", "-w", format]
                + words
        ).output
    }

    /// Sends octets as they are, and gives all that comes until the other side closes.
    private func send(_ lab: LabUnderTest, _ text: String) throws -> String {
        let program = """
            import socket, sys
            s = socket.create_connection(("198.51.100.80", 80), 20)
            s.sendall(sys.stdin.buffer.read())
            data = b""
            while True:
                piece = s.recv(65536)
                if not piece: break
                data += piece
            sys.stdout.buffer.write(data)
            """
        return try Command.run(["ip", "netns", "exec", "\(lab.name).home", "python3", "-c", program], input: text)
            .output
    }

    @Test func anEdgeStoresWhatItMay() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            let words = "%{http_code} %header{x-site} %header{x-cache} %header{x-origin} %{size_download}"
            #expect(try curl(lab, words, "http://\(edge)/") == "200 edge miss store 2000")
            #expect(try curl(lab, words, "http://\(edge)/") == "200 edge hit store 2000")
            #expect(try curl(lab, words, "http://[2001:db8:80::80]/") == "200 edge hit store 2000")
            #expect(try curl(lab, words, "-I", "http://\(edge)/") == "200 edge hit store 0")
            // What may not be used unasked, and what may not be stored.
            #expect(try curl(lab, "%header{x-cache}", "http://\(edge)/now") == "miss")
            #expect(try curl(lab, "%header{x-cache} %{http_code}", "http://\(edge)/now") == "revalidated 200")
            for _ in 0..<2 {
                #expect(
                    try curl(lab, "%header{cache-status}", "http://\(edge)/own") == "edge; fwd=miss; fwd-status=200")
            }
            #expect(
                try curl(lab, "%header{x-cache}", "-H", "Cache-Control: no-cache", "http://\(edge)/") == "revalidated")
            #expect(try curl(lab, "%{http_code}", "-H", "Cache-Control: only-if-cached", "http://\(edge)/own") == "504")
            let tag = try curl(lab, "%header{etag}", "http://\(edge)/")
            #expect(
                try curl(lab, "%{http_code} %{size_download}", "-H", "If-None-Match: \(tag)", "http://\(edge)/")
                    == "304 0")
            #expect(try curl(lab, "%header{via}|%header{age}", "http://\(edge)/").hasPrefix("1.1 edge|"))
            #expect(try curl(lab, "%{http_code} %{size_download}", "http://\(edge)/big") == "200 3000000")
            // The same octets from the edge and from the origin.
            let same = "curl -s http://\(edge)/big | cmp - <(curl -s http://203.0.113.80/big)"
            #expect(try lab.inside("home", "bash", "-c", same).status == 0)
        }
    }

    @Test func errorsAreClean() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            #expect(try curl(lab, "%{http_code} %header{x-site}", "http://\(edge)/none") == "404 edge")
            let post = try curl(lab, "%{http_code} %header{allow}", "-d", "x", "http://\(edge)/")
            #expect(post == "405 GET, HEAD, OPTIONS")
            #expect(try curl(lab, "%{http_code}", "-H", "Host:", "http://\(edge)/") == "400")
            #expect(
                try curl(lab, "%{http_code}", "-H", "X: \(String(repeating: "a", count: 20_000))", "http://\(edge)/")
                    == "431")
            #expect(try send(lab, "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n").hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            let large =
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n" + String(repeating: "a", count: 99_999)
            #expect(try send(lab, large).hasPrefix("HTTP/1.1 413 "))
            try lab.run("fail", "store.http", "--how", "process-kill")
            #expect(try curl(lab, "%{http_code}", "http://\(edge)/own") == "502")
            try lab.run("heal", "store.http")
            try Command.wait("the origin answers") { try curl(lab, "%{http_code}", "http://\(edge)/own") == "200" }
        }
    }

    @Test func connectionsStay() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            let urls = (0..<3).map { _ in "http://\(edge)/own" }
            #expect(
                try curl(lab, "%{num_connects}", urls[0], "-o", "/dev/null", urls[1], "-o", "/dev/null", urls[2])
                    == "100")
            // Requests that do not wait for responses are answered in their order: the first is fetched, the second is there at once.
            _ = try curl(lab, "", "http://\(edge)/")
            func get(_ path: String, _ fields: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }
            let answers = try send(
                lab, get("/own", "") + get("/", "") + get("/none", "") + get("/", "Connection: close\r\n"))
            #expect(answers.matches(of: #/HTTP/1\.1 (\d+) /#).map(\.1) == ["200", "200", "404", "200"])
            let hits = answers.split(separator: "\r\n").filter { $0.hasPrefix("X-Cache: ") }
            #expect(hits == ["X-Cache: miss", "X-Cache: hit", "X-Cache: miss", "X-Cache: hit"])
        }
    }

    @Test func isSupervisedAndChanged() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            func process(_ node: String) throws -> StatusDocument.Node.ProcessStatus? {
                try lab.json(StatusDocument.self, "status", lab.name).nodes.first { $0.name == node }?.processes
                    .first { $0.role == "http" }
            }
            let first = try #require(try process("edge")?.pid)
            #expect(try process("edge")?.state == "running")
            kill(pid_t(first), SIGKILL)
            try Command.wait("it runs again") {
                let now = try process("edge")
                return now?.state == "running" && now?.pid != first && now?.restarts == 1
            }
            let before = try #require(try process("store")?.pid)
            #expect(try curl(lab, "%{http_code}", "http://\(edge)/new") == "404")
            try Self.yaml.replacingOccurrences(of: "lab: web", with: "lab: \(lab.name)")
                .replacingOccurrences(of: "{ path: /own }", with: "{ path: /new }")
                .write(toFile: lab.file, atomically: true, encoding: .utf8)
            #expect(try LabUnderTest.lab("apply", lab.file).status == 0)
            #expect(try curl(lab, "%{http_code}", "http://\(edge)/new") == "200")
            #expect(try process("store")?.pid == before)
        }
    }

    // MARK: Observation

    private struct Catchment: Decodable {
        struct Row: Decodable {
            let service: String
            let site: String?
            let agrees: Bool
            let finding: String?
        }
        let rows: [Row]
    }

    private struct Counters: Decodable {
        struct Site: Decodable {
            struct Web: Decodable {
                let requests: [String: Int]
                let cache: [String: Int]?
            }
            let web: Web
        }
        let counters: [Site]
    }

    @Test func probesAskTheServiceItself() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            func rows(of service: String) throws -> [Catchment.Row] {
                let all = try lab.json(Catchment.self, "catchment", "--lab", lab.name).rows
                try #require(all.count == 4)
                return all.filter { $0.service == service }
            }
            func expect(_ site: String?, _ finding: String?, _ comment: String) throws {
                for row in try rows(of: "shop") {
                    #expect(row.site == site && row.agrees == (site != nil), "\(comment)")
                    #expect(
                        finding.map { row.finding?.contains($0) == true } ?? (row.finding == nil),
                        "\(comment): \(row.finding ?? "")")
                }
                #expect(try rows(of: "files").allSatisfy { $0.site == "store" && $0.agrees }, "\(comment)")
            }
            try expect("edge", nil, "at first")
            // Who was asked has said so, and nothing was stored or fetched for it.
            let web = try lab.json(Counters.self, "status", lab.name, "--counters").counters.map(\.web)
            #expect(web.allSatisfy { ($0.requests["OPTIONS"] ?? 0) >= 4 && $0.requests["GET"] == 0 })
            #expect(web[1].cache == ["hit": 0, "revalidated": 0, "miss": 0])

            #expect(try lab.run("fail", "edge.http", "--how", "process-kill").status == 0)
            try expect(nil, "says: nobody listens on the port", "dead")
            #expect(try lab.run("heal", "edge.http").status == 0)
            try Command.wait("the edge answers") { try rows(of: "shop").allSatisfy { $0.site == "edge" } }
            #expect(try lab.run("fail", "edge.http", "--how", "freeze").status == 0)
            try expect(nil, "nobody answers, and the way by the kernels' routes leads to edge", "frozen")
            #expect(try lab.run("heal", "edge.http").status == 0)
            try expect("edge", nil, "awake again")
            // The responder beside it is nobody that matters here.
            #expect(try lab.run("fail", "edge.dns", "--how", "process-kill").status == 0)
            try expect("edge", nil, "without its responder")
            let refused = try lab.run("fail", "edge", "--how", "dns-dead")
            #expect(refused.status == 2 && refused.errors.contains("process-kill of edge.http stops it"))
            // A dead site is dead by its own kernel, too, once its speaker is gone and nobody knows a way to it.
            #expect(try lab.run("fail", "edge", "--how", "process-kill").status == 0)
            try Command.wait("nobody serves") { try rows(of: "shop").allSatisfy { $0.site == nil } }
        }
    }

    @Test func aSiteThatDoesNotServeLeavesTheCatchment() throws {
        let yaml = """
            lab: x
            networks:
              core: { cities: [FRA] }
              east: { cities: [SIN], peers: [core] }
            services:
              files: { kind: http, addresses: [203.0.113.80], objects: [{ path: /page, max-age: 0s }] }
              shop:
                kind: http
                addresses: [192.0.2.53, "2001:db8:53::53"]
                origin: store
                health: { interval: 500ms, timeout: 500ms, fall: 3, rise: 2, hold-down: 2s }
            sites:
              store: { service: files, city: FRA, providers: [core] }
              london: { service: shop, city: LHR, providers: [core] }
              tokyo: { service: shop, city: NRT, providers: [east] }
            clients:
              home: { city: LHR, provider: core }
            """
        try LabUnderTest.with(yaml: yaml) { lab in
            try lab.up()
            func expect(_ site: String, _ what: String) throws {
                for address in ["192.0.2.53", "[2001:db8:53::53]"] {
                    try Command.wait("\(site) for \(address) \(what)") {
                        try curl(lab, "%header{x-site}", "-X", "OPTIONS", "http://\(address)/") == site
                    }
                }
            }
            try expect("london", "at first")
            let count =
                try lab.json(Counters.self, "status", lab.name, "--counters").counters[1].web.requests["HEAD"] ?? 0
            try Command.wait("it is asked again") {
                let now = try lab.json(Counters.self, "status", lab.name, "--counters").counters[1].web
                return (now.requests["HEAD"] ?? 0) > count + 2
            }
            #expect(try lab.run("fail", "london.http", "--how", "process-kill").status == 0)
            try expect("tokyo", "with a dead server")
            #expect(try lab.run("events").output.contains("192.0.2.53: Connection refused"))
            #expect(try lab.run("heal", "london.http").status == 0)
            try expect("london", "with a new one")
            // Without an origin an edge has nothing but errors, and says so.
            #expect(try lab.run("fail", "store.http", "--how", "process-kill").status == 0)
            try Command.wait("both sites are down") {
                try lab.run("events").output.matches(of: /node=(london|tokyo) +state=down/).count >= 3
            }
            #expect(try lab.run("events").output.contains("192.0.2.53: status 502 for /page"))
            #expect(try lab.run("heal", "store.http").status == 0)
            try expect("london", "when the origin is back")
        }
    }
}
