import BGPSimulation

/// `bgp-replay < LOG`: runs a log of the core again and prints the log that comes of it. Equal logs mean equal behaviour, and
/// a second process has other hash seeds than the first.
@main
enum Replay {
    static func main() {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        print(EventLog.replay(text) ?? "error: this is no log of a router", terminator: "")
    }
}
