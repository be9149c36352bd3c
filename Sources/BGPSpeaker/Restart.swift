import BGPWire
import JSON
import Net
import Sys

/// How the speaker's own restart is graceful (RFC 4724, section 4.1). Both keys may be left out:
///
///     {"restart_ms": 120000,       Restart Time: how long neighbours keep our routes, in whole seconds up to 4095
///      "deferral_ms": 60000}       Selection_Deferral_Timer: how long we wait for the neighbours' End-of-RIB
struct RestartConfiguration: Equatable {
    /// In seconds, 1 to 4095.
    var restartTime: UInt16
    /// In nanoseconds.
    var deferralTime: Nanoseconds
}

extension RestartConfiguration {
    init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["restart_ms", "deferral_ms"])
        let restart = try fields.number("restart_ms", 1000...4_095_000) ?? 120_000
        guard restart % 1000 == 0 else { throw fields.error("restart_ms", "whole seconds expected") }
        restartTime = UInt16(clamping: restart / 1000)
        deferralTime = Nanoseconds(try fields.number("deferral_ms", 1...4_095_000) ?? 60_000) * 1_000_000
    }
}

/// Our own graceful restart: whether this life follows one whose routes are still in the kernel, and whether the neighbours'
/// tables are still awaited. Until they are complete the kernel forwards as before, no route is selected and none is sent.
struct Restart {
    let configuration: RestartConfiguration
    /// Routes of an earlier life were in the kernel at the start.
    let hasRestarted: Bool
    /// Route selection waits.
    var isDeferring: Bool

    init(_ configuration: RestartConfiguration, hasRestarted: Bool) {
        self.configuration = configuration
        self.hasRestarted = hasRestarted
        isDeferring = hasRestarted
    }

    /// What the next OPEN to a neighbour says. Forwarding state outlives each session, but for the first one of a life that
    /// found none in the kernel.
    func offer(to neighbour: Neighbour) -> GracefulRestart {
        let isKept = hasRestarted || neighbour.establishedCount > 0
        return GracefulRestart(
            flags: isDeferring ? GracefulRestart.restarted : 0, restartTime: configuration.restartTime,
            families: neighbour.configuration.families.elements.map {
                GracefulRestart.Family(
                    FamilyIdentifier($0), flags: isKept ? GracefulRestart.Family.forwardingKept : 0)
            })
    }
}
