import LabModel

/// Marks and names on a map, none over another.
struct MapDrawing {
    private let map: CatchmentMap
    private let frame: MapFrame
    private var labels: Labels
    /// Marks may lie over routers, names may not.
    private var routers: [Box] = []
    /// How many sites and clients have no name on the map, for want of room.
    private(set) var namesLeftOut = 0

    /// Of more sites without clients than this, none is named.
    private static let mostIdleNames = 12

    private struct Placed {
        let node: Node
        let home: Point
        let point: Point
        let radius: Double
        let shape: String
        let style: String
        let title: String
    }

    init(_ map: CatchmentMap, _ frame: MapFrame) {
        self.map = map
        self.frame = frame
        labels = Labels(bounds: frame.box)
    }

    mutating func draw(_ svg: inout SVG) {
        let serving = map.sites.filter { map.serving.contains($0.index) }
        let idle = map.sites.filter { !map.serving.contains($0.index) }
        drawRouters(&svg)
        let sites = serving.map { site($0) }
        let idleSites = idle.count <= Self.mostIdleNames ? idle.map { site($0) } : []
        if idleSites.isEmpty { drawSmall(idle, &svg) }
        let clients = map.ways.map { client($0) }
        for placed in clients + idleSites + sites { draw(placed, &svg) }
        for router in routers { labels.keepFree(router) }
        // A site that serves somebody has its name, if need be at the end of a long line.
        name(sites, reach: 300, size: Style.textSize, class: "strong halo", &svg)
        name(idleSites, reach: 20, size: Style.smallTextSize, class: "small halo", &svg)
        name(clients, reach: 14, size: Style.smallTextSize, class: "small faint halo", &svg)
    }

    private mutating func site(_ node: Node) -> Placed {
        let home = frame.point(node.place)
        let point = labels.moveAside(home, radius: CatchmentMap.siteRadius + 1)
        let mark = map.marks[node.name]
        return Placed(
            node: node, home: home, point: point, radius: CatchmentMap.siteRadius,
            shape: mark?.outline(point, radius: CatchmentMap.siteRadius) ?? "", style: "site " + (mark?.fill ?? "dot"),
            title: "site \(node.name), \(node.place.name)")
    }

    private mutating func client(_ way: CatchmentMap.Way) -> Placed {
        let home = frame.point(way.client.place)
        let point = labels.moveAside(home, radius: CatchmentMap.clientRadius + 1)
        let title = "client \(way.client.name), \(way.client.place.name): "
        guard let mark = way.site.flatMap({ map.marks[$0.name] }) else {
            return Placed(
                node: way.client, home: home, point: point, radius: CatchmentMap.clientRadius,
                shape: Mark.cross(point, radius: CatchmentMap.clientRadius), style: "lost", title: title + "no site")
        }
        return Placed(
            node: way.client, home: home, point: point, radius: CatchmentMap.clientRadius,
            shape: mark.outline(point, radius: CatchmentMap.clientRadius), style: "client " + mark.fill,
            title: title + (way.site?.name ?? ""))
    }

    /// Sites that serve nobody, when they are many: a ring each, over which everything else may lie.
    private func drawSmall(_ sites: [Node], _ svg: inout SVG) {
        for site in sites {
            svg.group([:], title: "site \(site.name), \(site.place.name)") { inner in
                inner.path(Mark(0).outline(frame.point(site.place), radius: 2.2), class: "open")
            }
        }
    }

    private mutating func drawRouters(_ svg: inout SVG) {
        var seen: Set<Int> = []
        for node in map.ways.flatMap(\.nodes) where node.kind == .router && seen.insert(node.index).inserted {
            let point = frame.point(node.place)
            routers.append(Box(around: point, radius: 2.5))
            svg.group([:], title: "router \(node.name), \(node.place.name)") { inner in
                inner.path(Mark(0).outline(point, radius: 2.2), class: "dot")
            }
        }
    }

    private func draw(_ placed: Placed, _ svg: inout SVG) {
        if (placed.point - placed.home).length > 1 {
            svg.path(SVG.line([placed.home, placed.point]), class: "leader")
        }
        svg.group([:], title: placed.title) { inner in inner.path(placed.shape, class: placed.style) }
    }

    private mutating func name(
        _ all: [Placed], reach: Double, size: Double, class style: String, _ svg: inout SVG
    ) {
        for placed in all {
            guard
                let room = labels.place(
                    placed.node.name, at: placed.point, radius: placed.radius, size: size,
                    isStrong: style.contains("strong"),
                    reach: reach)
            else {
                namesLeftOut += 1
                continue
            }
            if room.needsLeader {
                svg.path(SVG.line([placed.point, room.box.nearest(to: placed.point)]), class: "leader")
            }
            svg.text(placed.node.name, room, class: style)
        }
    }
}

extension Box {
    /// The point of the box that is nearest to another point.
    func nearest(to point: Point) -> Point {
        Point(min(max(point.x, x), x + width), min(max(point.y, y), y + height))
    }
}
