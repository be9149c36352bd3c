import LabModel

/// The quality of each direction of every link as it is now: what the lab file says, and what was changed since.
struct LinkQualities {
    /// Both directions of a link.
    struct Pair: Equatable {
        var aToB: LinkQuality
        var bToA: LinkQuality

        init(_ quality: LinkQuality) {
            aToB = quality
            bToA = quality
        }

        /// What the end sends.
        func quality(from end: LinkEnd, of link: Link) -> LinkQuality { end == link.a ? aToB : bToA }
    }

    /// What a request asks for.
    struct Change: Equatable {
        /// What is changed.
        var change = QualityChange()
        /// Whether it starts from what the lab file says instead of from what is there.
        var fromFile = false
        /// Whether only what the first of the two sends is concerned.
        var oneWay = false

        var isEmpty: Bool { change.isEmpty && !fromFile }
    }

    private var changed: [Int: Pair] = [:]

    /// What a link does now.
    func current(_ link: Link) -> Pair { current(link, inFile: link.quality) }

    /// What a link does now of which the file says `quality`.
    func current(_ link: Link, inFile quality: LinkQuality) -> Pair { changed[link.index] ?? Pair(quality) }

    /// What the link would do after a change; `fromA` says whether its end `a` is of the first of the two. Throws
    /// ``RequestError`` when the kernel could not do it.
    func after(_ change: Change, _ link: Link, fromA: Bool) throws(RequestError) -> Pair {
        var pair = current(link)
        func applied(_ quality: LinkQuality) throws(RequestError) -> LinkQuality {
            let result = change.change.applied(to: change.fromFile ? link.quality : quality)
            // netem lets packets overtake by not delaying them, and refuses to where there is no delay.
            if result.reorder > 0, result.delay == 0 {
                throw RequestError("packets cannot be reordered on a link without delay")
            }
            return result
        }
        if fromA || !change.oneWay { pair.aToB = try applied(pair.aToB) }
        if !fromA || !change.oneWay { pair.bToA = try applied(pair.bToA) }
        return pair
    }

    /// Gives links the positions that they have in a changed topology; those that are gone are forgotten.
    mutating func renumber(_ links: [Int?]) {
        changed = Dictionary(
            changed.compactMap { index, pair in links[index].map { ($0, pair) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Remembers what a link does now.
    mutating func set(_ link: Link, _ pair: Pair) { changed[link.index] = pair == Pair(link.quality) ? nil : pair }
}
