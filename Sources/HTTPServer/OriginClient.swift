import HTTPWire
import Net
import Sys

/// Asks an origin for what an edge does not have. Connections stay for the next request. Requests for the same target at the same time are
/// one to the origin.
final class OriginClient {
    /// A response, and the times of the request and the response by the monotonic clock.
    typealias Fetched = (response: HTTPResponse, sent: Nanoseconds, answered: Nanoseconds)
    /// Takes what became of a request.
    typealias Done = (Result<Fetched, OriginConnection.Failure>) -> Void

    private let loop: EventLoop
    private let origin: HTTPConfiguration.Origin
    private let port: UInt16
    private let own: [IPAddress]
    private var idle: [OriginConnection] = []
    private var waiting: [String: [Done]] = [:]

    /// How many connections without a request are kept.
    private static let mostIdle = 8

    init(_ loop: EventLoop, _ origin: HTTPConfiguration.Origin, port: UInt16, own: [IPAddress]) {
        self.loop = loop
        self.origin = origin
        self.port = port
        self.own = own
    }

    /// Fetches a path. `tag` is that of what is stored of it: then the answer may be a 304.
    func fetch(_ path: String, unless tag: String?, _ done: @escaping Done) {
        let key = path + "\n" + (tag ?? "")
        guard waiting.updateValue((waiting[key] ?? []) + [done], forKey: key) == nil else { return }
        var fields: HTTPFields = ["Host": origin.site]
        if let tag { fields["If-None-Match"] = tag }
        send(HTTPRequest(method: "GET", target: path, fields: fields), origin.addresses[...], key)
    }

    /// Asks the first of the addresses, and the next ones where that fails.
    private func send(_ request: HTTPRequest, _ addresses: ArraySlice<IPAddress>, _ key: String) {
        idle.removeAll { !$0.isAlive }
        guard let address = addresses.first else { return finish(key, .failure(.bad("it has no address"))) }
        let connection: OriginConnection
        if let known = idle.popLast() {
            connection = known
        } else {
            do {
                connection = try OriginConnection(loop, to: address, port: port, from: own)
            } catch {
                let failure = OriginConnection.Failure.bad("\(error)")
                return addresses.count > 1 ? send(request, addresses.dropFirst(), key) : finish(key, .failure(failure))
            }
        }
        let wasUsed = connection.isUsed
        let sent = Clock.monotonic()
        connection.send(request) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let response):
                if connection.isAlive, idle.count < Self.mostIdle { idle.append(connection) }
                finish(key, .success((response, sent, Clock.monotonic())))
            // It may have been closed while nobody asked: that is no answer to this request (RFC 9112, section 9.3.1).
            case .failure(.bad) where wasUsed: send(request, addresses, key)
            case .failure(.bad) where addresses.count > 1: send(request, addresses.dropFirst(), key)
            case .failure(let failure): finish(key, .failure(failure))
            }
        }
    }

    private func finish(_ key: String, _ result: Result<Fetched, OriginConnection.Failure>) {
        for done in waiting.removeValue(forKey: key) ?? [] { done(result) }
    }
}
