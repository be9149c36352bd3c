/// The path identifiers (RFC 7911, section 2) that belong to a list of prefixes, one each in the same order. They tell
/// several routes to one prefix apart, mean nothing else, and are chosen by whoever sends them. Where a session carries none
/// they are all 0, and take no memory.
public struct PathIdentifiers: Hashable, Sendable {
    /// Empty where all are 0, or shorter than the list of prefixes: those behind its end are 0.
    private var numbers: [UInt32] = []

    /// All 0.
    public init() {}

    /// One for each prefix.
    public init(_ numbers: [UInt32]) {
        self.numbers = numbers
        trim(to: numbers.count)
    }

    /// The identifier of the prefix at `index`.
    public subscript(index: Int) -> UInt32 { numbers.indices.contains(index) ? numbers[index] : 0 }

    /// Adds the identifier of the prefix at `index`, which comes behind all others.
    public mutating func append(_ identifier: UInt32, at index: Int) {
        guard identifier != 0, index >= numbers.count else { return }
        numbers.append(contentsOf: repeatElement(0, count: index - numbers.count))
        numbers.append(identifier)
    }

    /// Adds the identifiers of another list, whose first prefix is the one at `index`.
    mutating func append(_ other: PathIdentifiers, at index: Int) {
        for (offset, identifier) in other.numbers.enumerated() { append(identifier, at: index + offset) }
    }

    /// Equal lists are stored equally: without zeros at the end.
    private mutating func trim(to count: Int) {
        var count = count
        while count > 0, numbers[count - 1] == 0 { count -= 1 }
        numbers.removeSubrange(count...)
    }
}
