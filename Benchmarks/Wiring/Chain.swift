import LabModel
import Net

/// A lab of `count` networks of one router each, in a chain: the first is a peer of the second, that of the third.
func chain(_ count: Int, name: String) -> Lab {
    let place = Place(code: "LHR", name: "London", country: "GB", latitude: 51.4706, longitude: -0.4619)
    let networks = (1...max(1, count)).map { number in
        Network(
            name: "n\(number)", asn: ASN(UInt32(64512 + number)), cities: [place],
            relations: number < count ? [Relation(network: "n\(number + 1)", kind: .peer)] : [],
            timers: TimerOverrides())
    }
    return Lab(
        name: name, description: nil, timers: .fast, networks: networks, services: [], sites: [], clients: [], links: []
    )
}
