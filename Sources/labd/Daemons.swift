import BGPAdapter
import BGPSpeaker
import DNSServer
import Glibc
import HTTPServer
import LabRuntime
import LinkWire
import Sys

/// The daemons of a lab in one program: the first argument says which.
enum Daemons {
    static func main() -> Never {
        let arguments = CommandLine.arguments.dropFirst()
        exit(run(arguments.first, Array(arguments.dropFirst())))
    }

    private static func run(_ role: String?, _ arguments: [String]) -> Int32 {
        switch role {
        case "supervise": return SupervisorDaemon.run(arguments: arguments)
        case "bgp": return BGPDaemon.run(arguments: arguments)
        case "adapter": return AdapterDaemon.run(arguments: arguments)
        case "dns": return DNSDaemon.run(arguments: arguments)
        case "http": return HTTPDaemon.run(arguments: arguments)
        case "wire": return WireDaemon.run(arguments: arguments)
        default:
            Diagnostics.write(
                """
                usage: labd bgp|dns|http|wire --config FILE [--control DESCRIPTOR]
                       labd adapter --config FILE --control DESCRIPTOR
                       labd supervise
                The daemons of an anycast lab. 'lab up' starts them; 'labd bgp', 'labd dns' and 'labd http' also run alone, in the foreground.
                """)
            return 2
        }
    }
}
