import CLinux
import Glibc
public import LabPlan
import Netlink
import Sys

/// What the kernel of this machine can do for a lab, found out by doing it in a namespace that is gone afterwards.
public struct KernelFeatures: Sendable {
    /// Whether a network namespace can be made; if not, ``namespaceReason`` says why.
    public private(set) var canMakeNamespaces = false
    /// Why no namespace can be made.
    public private(set) var namespaceReason = ""
    /// Whether veth pairs can be made.
    public private(set) var hasVeth = false
    /// Whether there is netem.
    public private(set) var hasNetem = false
    /// Whether there is tbf.
    public private(set) var hasTbf = false
    /// Whether TAP devices can be made; if not, ``tunReason`` says why.
    public private(set) var hasTun = false
    /// Why no TAP device can be made.
    public private(set) var tunReason = ""
    /// Whether there is IPv6.
    public private(set) var hasIPv6 = false
    /// Whether a process can be given a PID namespace, which is what ends all of a lab with its supervisor.
    public private(set) var hasPIDNamespaces = false
    /// Why single packets cannot be shared out among equal ways; empty where they can be.
    public private(set) var spreadingReason = PacketSpreading.need

    /// The link backend for this machine: netem where the kernel has it.
    public var preferredBackend: LinkBackend { hasNetem && hasVeth ? .netem : .wire }

    /// The number of the loopback interface in every namespace.
    private static let loopback: UInt32 = 1

    /// Asks the kernel. To be called on a thread that nothing else runs on: it visits a namespace of its own.
    public static func probe() -> KernelFeatures {
        var features = KernelFeatures()
        features.hasPIDNamespaces = Files.exists("/proc/self/ns/pid_for_children")
        do {
            let home = try NetworkNamespace.current()
            let scratch = try NetworkNamespace.createAndEnter()
            features.canMakeNamespaces = true
            features.probeInside()
            _ = consume scratch
            try home.enter()
        } catch {
            features.namespaceReason = "\(error)"
        }
        return features
    }

    private mutating func probeInside() {
        hasIPv6 = Files.exists("/proc/sys/net/ipv6")
        do {
            _ = try FileDescriptor.open("/dev/net/tun", O_RDWR)
            hasTun = true
        } catch {
            tunReason = error.description
        }
        do {
            try PacketSpreading().begin(on: Self.loopback)
            spreadingReason = ""
        } catch {
            spreadingReason = "\(error.reason); \(PacketSpreading.need)"
        }
        guard let session = try? NetlinkSession() else { return }
        hasVeth = (try? session.send(VethCreation(.init("probe-a"), .init("probe-b")))) != nil
        guard hasVeth, let index = try? session.interface(.name("probe-a")).index else { return }
        func accepts(_ discipline: Qdisc.Discipline) -> Bool {
            (try? session.send(QdiscReplacement(Qdisc(discipline, on: index)))) != nil
        }
        hasTbf = accepts(.tokenBucket(TokenBucket(rate: 1_000_000_000, burst: 65536, limit: 1 << 20)))
        hasNetem = accepts(.netem(Netem(delay: 1_000_000)))
    }
}
