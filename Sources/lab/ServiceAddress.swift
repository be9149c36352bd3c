import LabModel
import Net

extension Topology {
    /// The service that an address as somebody typed it is of; the first of the lab without one. Throws ``Failure``.
    func service(at text: String?) throws -> (service: Service, address: IPAddress) {
        let all = lab.services.flatMap { service in service.addresses.map { (service, $0) } }
        guard let text else {
            guard let first = all.first else { throw Failure(.badInput, "the lab has no service") }
            return first
        }
        // One address has many spellings.
        guard let address = IPAddress(text), let found = all.first(where: { $0.1 == address }) else {
            throw Failure(
                .badInput, "'\(text)' is not the address of a service",
                hint: "there are \(all.map(\.1.description).joined(separator: ", "))")
        }
        return found
    }
}
