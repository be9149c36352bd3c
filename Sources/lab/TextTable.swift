/// A table whose columns line up. Cells that are numbers stand at the right of their column.
struct TextTable {
    private let headings: [String]
    private var rows: [[Cell]] = []

    /// A cell, which may be coloured: colours take bytes but no room.
    struct Cell {
        let text: String
        var colour: Console.Colour?

        init(_ text: String, _ colour: Console.Colour? = nil) {
            self.text = text
            self.colour = colour
        }
    }

    init(_ headings: String...) { self.init(headings) }

    init(_ headings: [String]) {
        self.headings = headings
    }

    mutating func add(_ cells: Cell...) { rows.append(cells) }
    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The table as text, without a last newline.
    var text: String {
        let widths = headings.indices.map { column in
            max(headings[column].count, rows.map { $0.count > column ? $0[column].text.count : 0 }.max() ?? 0)
        }
        let isNumeric = headings.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { $0.count <= column || Self.isNumber($0[column].text) }
        }
        func line(_ cells: [Cell]) -> String {
            var parts: [String] = []
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.text.count))
                let text = cell.colour.map { Console.paint(cell.text, $0) } ?? cell.text
                let isLast = column == cells.count - 1
                parts.append(isNumeric[column] ? padding + text : isLast ? text : text + padding)
            }
            return parts.joined(separator: "  ")
        }
        return ([line(headings.map { Cell($0, .bold) })] + rows.map(line)).joined(separator: "\n")
    }

    /// Whether a cell is a number, which may have a unit of time behind it.
    private static func isNumber(_ text: String) -> Bool {
        let digits = text.hasSuffix(" ms") ? text.dropLast(3) : text.hasSuffix("%") ? text.dropLast() : text[...]
        return text == "-"
            || digits.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
            }
    }
}

extension TextTable.Cell: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self.init(value) }
}
