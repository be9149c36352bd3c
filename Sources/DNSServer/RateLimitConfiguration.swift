import DNSResponder
import JSON

extension RateLimits {
    /// What `"rate_limit": {"responses": 100, "slip": 2}` says; `slip` is 2 when it is missing.
    init(_ json: JSON) throws(ConfigurationError) {
        let members = try Members(json, "'rate_limit'", ["responses", "slip"])
        func number(_ name: String, _ range: ClosedRange<Int>, ifMissing: Int?) throws(ConfigurationError) -> Int {
            guard let number = members[name] ?? ifMissing.map({ .int($0) }) else {
                throw ConfigurationError("'\(name)' is missing")
            }
            guard let value = number.int, range.contains(value) else {
                throw ConfigurationError(
                    "'\(name)' must be a number from \(range.lowerBound) to \(range.upperBound), not \(number)")
            }
            return value
        }
        self.init(
            responses: try number("responses", 1...1_000_000, ifMissing: nil),
            slip: try number("slip", 0...10, ifMissing: 2))
    }
}
