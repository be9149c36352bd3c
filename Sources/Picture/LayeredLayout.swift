/// Places boxes in layers, top to bottom, so that lines between them are short and cross little: the method of Sugiyama, Tagawa and
/// Toda (1981). Orders follow from the means of the neighbours' positions; a line over several layers passes each one upright, in a
/// gap between its boxes.
struct LayeredLayout {
    /// What is placed.
    struct Item: Sendable {
        /// From 0, at the top.
        let layer: Int
        let width: Double
        let height: Double
    }

    private static let spacing = 22.0
    private static let bendWidth = 8.0
    private static let layerSpacing = 74.0
    private static let sweeps = 12

    private var items: [Item]
    /// The neighbours of each item in the layers next to its own, bends included.
    private var neighbours: [[Int]]
    /// The neighbours of each item in its own layer.
    private var peers: [[Int]]
    private var layers: [[Int]] = []
    /// The items that each line goes through, from one end to the other.
    private var chains: [[Int]] = []
    /// The middle of each item.
    private var x: [Double] = []

    /// The boxes, in the order in which the items were given.
    private(set) var boxes: [Box] = []
    /// The points of each line between, in the order in which the pairs were given; of two boxes in one layer, the middles of both.
    private(set) var lines: [[Point]] = []
    private(set) var width = 0.0
    private(set) var height = 0.0

    /// Lays items out, of which pairs are joined by lines.
    init(_ items: [Item], joined pairs: [(Int, Int)]) {
        self.items = items
        neighbours = Array(repeating: [], count: items.count)
        peers = neighbours
        for pair in pairs { join(pair.0, pair.1) }
        layers = Array(repeating: [], count: (self.items.map(\.layer).max() ?? -1) + 1)
        for (index, item) in self.items.enumerated() { layers[item.layer].append(index) }
        order()
        placeColumns()
        placeRows(realItems: items.count)
    }

    /// A line from one item to another, with a bend in each layer between.
    private mutating func join(_ a: Int, _ b: Int) {
        let (upper, lower) = items[a].layer <= items[b].layer ? (a, b) : (b, a)
        var chain = [upper]
        if items[upper].layer + 1 < items[lower].layer {
            for layer in (items[upper].layer + 1)..<items[lower].layer {
                chain.append(items.count)
                items.append(Item(layer: layer, width: Self.bendWidth, height: 0))
                neighbours.append([])
                peers.append([])
            }
        }
        chain.append(lower)
        if items[upper].layer == items[lower].layer {
            peers[upper].append(lower)
            peers[lower].append(upper)
        } else {
            for (one, next) in zip(chain, chain.dropFirst()) {
                neighbours[one].append(next)
                neighbours[next].append(one)
            }
        }
        chains.append(upper == a ? chain : chain.reversed())
    }

    /// Sweeps down and up; in each layer, items go where their neighbours in the layer before have their mean.
    private mutating func order() {
        var position = Array(repeating: 0.0, count: items.count)
        for layer in layers { for (place, item) in layer.enumerated() { position[item] = Double(place) } }
        for sweep in 0..<Self.sweeps {
            let goesDown = sweep % 2 == 0
            for layer in goesDown ? Array(layers.indices) : layers.indices.reversed() {
                let mean = layers[layer].map { item -> Double in
                    let before = neighbours[item].filter { (items[$0].layer < layer) == goesDown } + peers[item]
                    guard !before.isEmpty else { return position[item] }
                    return before.map { position[$0] }.reduce(0, +) / Double(before.count)
                }
                layers[layer] = zip(layers[layer], mean).enumerated().sorted {
                    ($0.element.1, $0.offset) < ($1.element.1, $1.offset)
                }.map(\.element.0)
                let count = Double(layers[layer].count)
                // Layers of different lengths are compared by the part of the way through them.
                for (place, item) in layers[layer].enumerated() { position[item] = (Double(place) + 0.5) / count * 100 }
            }
        }
    }

    /// Items go towards the mean of their neighbours, as far as their order and the room between them allow.
    private mutating func placeColumns() {
        x = Array(repeating: 0, count: items.count)
        for layer in layers { settle(layer, wanted: layer.map { _ in 0 }) }
        for round in 0..<Self.sweeps {
            for layer in round % 2 == 0 ? layers : layers.reversed() {
                settle(
                    layer,
                    wanted: layer.map { item in
                        let near = neighbours[item].map { x[$0] }
                        return near.isEmpty ? x[item] : near.reduce(0, +) / Double(near.count)
                    })
            }
        }
    }

    /// Puts the items of a layer near where they want to be: half way between pushing all to the right and all to the left.
    private mutating func settle(_ layer: [Int], wanted: [Double]) {
        func room(_ a: Int, _ b: Int) -> Double { (items[a].width + items[b].width) / 2 + Self.spacing }
        var right = wanted
        var left = wanted
        for place in layer.indices.dropFirst() {
            right[place] = max(right[place], right[place - 1] + room(layer[place - 1], layer[place]))
        }
        for place in layer.indices.dropLast().reversed() {
            left[place] = min(left[place], left[place + 1] - room(layer[place], layer[place + 1]))
        }
        for (place, item) in layer.enumerated() { x[item] = (left[place] + right[place]) / 2 }
    }

    private mutating func placeRows(realItems: Int) {
        let left = items.indices.map { x[$0] - items[$0].width / 2 }.min() ?? 0
        var tops: [Double] = []
        var heights: [Double] = []
        var top = 0.0
        for layer in layers {
            let tallest = layer.map { items[$0].height }.max() ?? 0
            tops.append(top)
            heights.append(tallest)
            top += tallest + Self.layerSpacing
        }
        let all = items.indices.map { index -> Box in
            let item = items[index]
            // Bends lie in the middle of their layer, boxes hang from its top.
            let y = tops[item.layer] + (index < realItems ? 0 : heights[item.layer] / 2)
            return Box(x: x[index] - left - item.width / 2, y: y, width: item.width, height: item.height)
        }
        boxes = Array(all.prefix(realItems))
        lines = chains.map { chain in
            chain.enumerated().flatMap { place, item -> [Point] in
                let centre = all[item].centre
                guard place > 0, place < chain.count - 1 else { return [centre] }
                let (top, bottom) = (tops[items[item].layer], tops[items[item].layer] + heights[items[item].layer])
                let ends = [Point(centre.x, top), Point(centre.x, bottom)]
                return items[chain[0]].layer < items[item].layer ? ends : ends.reversed()
            }
        }
        width = all.map { $0.x + $0.width }.max() ?? 0
        height = boxes.map { $0.y + $0.height }.max() ?? 0
    }
}
