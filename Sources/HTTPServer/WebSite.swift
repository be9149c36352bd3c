import HTTPWire
import JSON
import Net
import Sys

/// The server of a site. An origin serves its objects; an edge answers from its cache and asks its origin for what is not there.
final class WebSite {
    private let loop: EventLoop
    private let path: String
    private var configuration: HTTPConfiguration
    private var service: ConnectionService?
    private var objects: [String: WebObject] = [:]
    private var edge: Edge?
    private var counted = WebCounters()

    /// Reads the configuration at `path` and listens. Throws ``ConfigurationError`` or ``SystemError``.
    init(path: String, _ loop: EventLoop) throws {
        self.loop = loop
        self.path = path
        configuration = try HTTPConfiguration.read(path)
        service = ConnectionService(loop) { [unowned self] in
            finish(refusal($0, $1))
        } answer: { [unowned self] in
            answer($0, $1)
        }
        try follow(configuration, nil)
    }

    /// Reads the configuration again and goes over to it. The cache stays while the origin does. Throws as ``init(path:_:)``.
    func reload() throws {
        let new = try HTTPConfiguration.read(path)
        try follow(new, configuration)
        configuration = new
    }

    private func follow(_ new: HTTPConfiguration, _ before: HTTPConfiguration?) throws(SystemError) {
        try service?.listen(
            at: new.addresses + new.unicast.filter { !new.addresses.contains($0) }, port: new.port)
        objects = Dictionary(
            new.objects.map { ($0.path, WebObject($0)) }, uniquingKeysWith: { first, _ in first })
        if new.origin != before?.origin || new.unicast != before?.unicast {
            edge = new.origin.map { Edge(loop, site: new.site, $0, port: new.port, own: new.unicast) }
        }
    }

    /// What was done so far.
    var counters: WebCounters {
        var result = counted
        if let service {
            (result.accepted, result.open) = (service.acceptedCount, service.openCount)
            (result.receivedBytes, result.sentBytes) = (service.receivedBytes, service.sentBytes)
        }
        result.origin = edge.map { ($0.fetches, $0.failedFetches) }
        return result
    }

    // MARK: Answers

    private func answer(_ request: HTTPRequest, _ respond: @escaping (HTTPResponse) -> Void) {
        counted.count(method: request.method)
        if let problem = problem(request) { return respond(finish(problem)) }
        let path = request.path ?? "/"
        guard let edge else {
            let file = path.split(separator: "?", maxSplits: 1).first.map(String.init) ?? path
            let response = objects[file]?.response(to: request) ?? refusal(404, "nothing at \(file)")
            return respond(finish(response))
        }
        edge.answer(request, path) { [weak self] response, outcome in
            guard let self else { return }
            counted.count(outcome)
            respond(finish(response))
        }
    }

    private static let methods = "GET, HEAD, OPTIONS"

    /// What is answered whatever the request asks for: why it is refused, or which methods there are.
    private func problem(_ request: HTTPRequest) -> HTTPResponse? {
        // Whoever holds a connection asks so whether it is there (RFC 9110, section 9.3.7).
        if request.method == "OPTIONS" { return HTTPResponse(204, ["Allow": Self.methods]) }
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = refusal(405, "\(request.method) is not for this server")
            response.fields["Allow"] = Self.methods
            return response
        }
        // RFC 9112, section 3.2.
        let hosts = request.fields.all("Host").count
        guard hosts == 1 || (hosts == 0 && !request.isVersion11) else {
            return refusal(400, hosts == 0 ? "there is no Host" : "there are several Host fields")
        }
        return request.path == nil ? refusal(400, "the target is no path") : nil
    }

    private func refusal(_ status: Int, _ reason: String) -> HTTPResponse {
        HTTPResponse.refusal(status, reason)
    }

    /// Adds what every response says.
    private func finish(_ response: HTTPResponse) -> HTTPResponse {
        counted.count(status: response.status)
        var response = response
        if response.fields["Date"] == nil { response.fields["Date"] = HTTPDate.text(Clock.wall() / 1_000_000_000) }
        response.fields["X-Site"] = configuration.site
        return response
    }
}

extension HTTPResponse {
    /// A response that says in a line of text why there is no other.
    static func refusal(_ status: Int, _ reason: String) -> HTTPResponse {
        HTTPResponse(
            status, ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"],
            body: Array((reason + "\n").utf8))
    }
}
