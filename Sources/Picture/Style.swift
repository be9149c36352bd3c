/// The look that all pictures share: light by itself, dark on a screen that is dark, light on paper.
///
/// Colours are those of Okabe and Ito, and two of Tol's, told apart with the common kinds of colour blindness. No meaning is in a
/// colour alone: whatever has one also has a shape (``Mark``) or a name beside it.
enum Style {
    /// The size of ordinary text, in units of the picture.
    static let textSize = 13.0
    static let smallTextSize = 11.0

    private static let light = ["#0072b2", "#d55e00", "#009e73", "#b4508f", "#c07d00", "#332288", "#2f8fbf", "#7a7a1e"]
    private static let dark = ["#56b4e9", "#ff8a3d", "#2cc79b", "#e29cc9", "#f0b429", "#a79bf0", "#8fd3ff", "#cfcf5a"]

    /// How many colours there are.
    static var colours: Int { light.count }

    /// About the width that a text takes in the usual fonts without serifs, rather more than less.
    static func width(of text: String, size: Double, isStrong: Bool = false) -> Double {
        let ems = text.unicodeScalars.reduce(0.0) { width, letter in
            switch letter {
            case "m", "w", "M", "W", "@", "%": width + 0.98
            case "i", "j", "l", "f", "t", "r", ".", ",", ":", ";", "'", "|", " ", "-", "(", ")": width + 0.42
            case "A"..."Z": width + 0.72
            default: width + 0.63
            }
        }
        return ems * size * (isStrong ? 1.12 : 1)
    }

    static let sheet =
        rules(
            light, ink: "#1b1f24", faint: "#57606a", paper: "#ffffff", sea: "#f3f6f9", land: "#d9dee4", edge: "#8c959f")
        + "svg.lab{max-width:100%;height:auto;font:13px system-ui,\"DejaVu Sans\",sans-serif}"
        + "svg.lab .small{font-size:11px}svg.lab .heading{font-size:17px;font-weight:600}svg.lab .strong{font-weight:600}"
        + "svg.lab .halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
        + "svg.lab .way,svg.lab .edge,svg.lab .axis,svg.lab .leader,svg.lab .open{fill:none}"
        + "svg.lab .way{stroke-linecap:round;stroke-opacity:.75}svg.lab .peer{stroke-dasharray:5 4}"
        + "svg.lab .edge{stroke-width:1.3}svg.lab .axis{stroke-width:.7;stroke-opacity:.5}svg.lab .leader{stroke-width:.7}svg.lab .open{stroke-width:1.2}"
        + "svg.lab .d1{stroke-dasharray:7 3}svg.lab .d2{stroke-dasharray:2 4}svg.lab .d3{stroke-dasharray:8 3 2 3}"
        + "@media screen and (prefers-color-scheme:dark){"
        + rules(
            dark, ink: "#e6edf3", faint: "#a0aab5", paper: "#0d1117", sea: "#131a22", land: "#2d3742", edge: "#6e7a87")
        + "}"

    private static func rules(
        _ colours: [String], ink: String, faint: String, paper: String, sea: String, land: String, edge: String
    ) -> String {
        var text =
            "svg.lab text{fill:\(ink)}svg.lab .faint{fill:\(faint)}svg.lab .paper{fill:\(paper)}"
            + "svg.lab .sea{fill:\(sea)}svg.lab .land{fill:\(land)}svg.lab .halo{stroke:\(paper)}"
            + "svg.lab .edge,svg.lab .axis,svg.lab .leader,svg.lab .open{stroke:\(edge)}svg.lab .dot{fill:\(faint)}"
            + "svg.lab .card{fill:\(sea);stroke:\(edge)}svg.lab .sitecard{fill:\(land);stroke:\(ink);stroke-width:2}"
            + "svg.lab .clientcard{fill:\(paper);stroke:\(edge)}svg.lab .site{stroke:\(ink);stroke-width:1.5}"
            + "svg.lab .client{stroke:\(paper);stroke-width:1}svg.lab .lost{fill:none;stroke:\(ink);stroke-width:2}"
            + "svg.lab .gap{fill:\(ink)}svg.lab .onbar{fill:\(paper)}svg.lab .mark{fill:none;stroke:\(ink);stroke-width:1.2}"
        for (index, colour) in colours.enumerated() {
            text += "svg.lab .c\(index){fill:\(colour)}svg.lab .l\(index){stroke:\(colour)}"
        }
        return text
    }
}
