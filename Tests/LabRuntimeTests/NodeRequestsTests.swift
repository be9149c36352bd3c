import CLinux
import LabModel
import Netlink
import Sys
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct NodeRequestsTests {
    /// The kernel numbers TAP devices one after the other; veth pairs do the same here.
    @Test("The bridge of an exchange point stands aside of more than a hundred ports") func bridgeAmongPorts() throws {
        let topology = try Topology(exchangeLab())
        let exchange = try #require(topology.node(named: "ix"))
        try onOwnThread {
            try systemCall("unshare") { cl_unshare(CL_NEWNET) }
            let pairs = "for pair in $(seq 60); do ip link add type veth || exit 1; done"
            var options = ProcessOptions(path: "/bin/sh", arguments: ["-c", pairs])
            options.environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            #expect(try ChildProcess.spawn(options).wait() == 0)
            let session = try NetlinkSession()
            try session.send(NetlinkBatch(NodeRequests(topology: topology).loopback(exchange, interface: 1)))
            #expect(try session.interfaces().contains { $0.name == Exchange.bridge })
        }
    }
}
