/// The scale at the foot of a picture: round numbers over the width, with lines up from them.
struct Axis {
    let from: Double
    let to: Double
    let left: Double
    let right: Double
    private let step: Double

    /// A scale for values up to `to`, or a little more, between two edges of the picture.
    init(from: Double, to: Double, left: Double, right: Double) {
        let span = max(to - from, 1e-3)
        var step = 1e-3
        var factors = [2.0, 2.5, 2].makeIterator()
        while span / step > 6 {
            if let factor = factors.next() {
                step *= factor
            } else {
                factors = [2.0, 2.5, 2].makeIterator()
            }
        }
        self.step = step
        self.from = from
        self.to = from + (span / step).rounded(.up) * step
        self.left = left
        self.right = right
    }

    func x(_ value: Double) -> Double {
        left + (min(max(value, from), to) - from) / (to - from) * (right - left)
    }

    func draw(top: Double, bottom: Double, unit: String, _ svg: inout SVG) {
        var value = (from / step).rounded(.up) * step
        while value <= to + step / 1000 {
            svg.path(SVG.line([Point(x(value), top), Point(x(value), bottom)]), class: "axis")
            svg.text(Self.label(value) + unit, Point(x(value), bottom + 15), .middle, class: "small faint")
            value += step
        }
    }

    /// With as many decimals as its step has, at most three.
    private static func label(_ value: Double) -> String {
        if value.magnitude >= 1 || value == 0 || (value * 10).rounded() == value * 10 { return SVG.number(value) }
        let thousandths = Int((value * 1000).rounded())
        let digits = String(thousandths.magnitude)
        return (thousandths < 0 ? "-" : "") + "0." + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
