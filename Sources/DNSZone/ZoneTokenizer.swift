/// A word of a master file. Escapes are still in it: what `\.` means depends on where it stands.
struct ZoneToken: Equatable {
    var octets: [UInt8]
    var isQuoted = false
    var file = ""
    let line: Int
    let column: Int

    var text: String { String(decoding: octets, as: UTF8.self) }

    func error(_ reason: String) -> ZoneError {
        ZoneError(file: file, line: line, column: column, reason: reason)
    }

    /// Whether this is the unquoted word `word`, in any case.
    func isWord(_ word: String) -> Bool { !isQuoted && text.uppercased() == word }
}

/// An entry of a master file: one line, or several in parentheses.
struct ZoneEntry: Equatable {
    /// Whether the line begins with a blank, which stands for the owner of the record before.
    var beginsWithBlank = false
    var tokens: [ZoneToken] = []
}

/// Cuts the text of a master file into entries (RFC 1035, section 5.1): comments after `;`, strings in quotes, and
/// parentheses inside which a line's end is a blank.
struct ZoneTokenizer {
    private let text: [UInt8]
    private let file: String
    private var offset = 0
    private var line = 1
    private var column = 1

    init(_ text: some Sequence<UInt8>, file: String = "") {
        self.text = Array(text)
        self.file = file
    }

    private var current: UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func advance() {
        guard let octet = current else { return }
        offset += 1
        if octet == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if octet & 0xC0 != 0x80 {
            // The inner octets of a character in UTF-8 take no column.
            column += 1
        }
    }

    private func error(_ reason: String) -> ZoneError {
        ZoneError(file: file, line: line, column: column, reason: reason)
    }

    /// The next entry that has a token; nil at the end. Throws ``ZoneError``; the next call goes on at the next line.
    mutating func next() throws(ZoneError) -> ZoneEntry? {
        while current != nil {
            let entry: ZoneEntry
            do {
                entry = try self.entry()
            } catch {
                skipLine()
                throw error
            }
            if !entry.tokens.isEmpty { return entry }
        }
        return nil
    }

    private mutating func skipLine() {
        while let octet = current, octet != UInt8(ascii: "\n") { advance() }
        advance()
    }

    private mutating func entry() throws(ZoneError) -> ZoneEntry {
        var entry = ZoneEntry()
        entry.beginsWithBlank = current == UInt8(ascii: " ") || current == UInt8(ascii: "\t")
        var opened: ZoneError?
        while let octet = current {
            switch octet {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                advance()
            case UInt8(ascii: "\n"):
                advance()
                if opened == nil { return entry }
            case UInt8(ascii: ";"):
                while let octet = current, octet != UInt8(ascii: "\n") { advance() }
            case UInt8(ascii: "("):
                guard opened == nil else { throw error("a parenthesis inside parentheses") }
                opened = error("the parenthesis is not closed")
                advance()
            case UInt8(ascii: ")"):
                guard opened != nil else { throw error("a closing parenthesis without an opening one") }
                opened = nil
                advance()
            case UInt8(ascii: "\""):
                entry.tokens.append(try quoted())
            default:
                entry.tokens.append(try word())
            }
        }
        if let opened { throw opened }
        return entry
    }

    private mutating func quoted() throws(ZoneError) -> ZoneToken {
        let unclosed = error("the quoted string is not closed on its line")
        var token = ZoneToken(octets: [], isQuoted: true, file: file, line: line, column: column)
        advance()
        while let octet = current, octet != UInt8(ascii: "\n") {
            advance()
            if octet == UInt8(ascii: "\"") { return token }
            token.octets.append(octet)
            if octet == UInt8(ascii: "\\") { try takeEscaped(into: &token) }
        }
        throw unclosed
    }

    private mutating func word() throws(ZoneError) -> ZoneToken {
        var token = ZoneToken(octets: [], file: file, line: line, column: column)
        while let octet = current {
            switch octet {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: ";"),
                UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""):
                return token
            default:
                advance()
                token.octets.append(octet)
                if octet == UInt8(ascii: "\\") { try takeEscaped(into: &token) }
            }
        }
        return token
    }

    private mutating func takeEscaped(into token: inout ZoneToken) throws(ZoneError) {
        guard let octet = current, octet != UInt8(ascii: "\n"), octet != UInt8(ascii: "\r") else {
            throw error("a backslash at the end of a line")
        }
        token.octets.append(octet)
        advance()
    }
}
