import CLinux
import Glibc
import JSON
import Sys

/// `labd wire`: links with delay, jitter, loss, duplication, reordering and rate from user space, for kernels without
/// `sch_netem`. Each end of a link is a TAP device in its namespace; this one process holds them all.
///
/// The devices are persistent: they and their addresses outlive the process, and the next one takes them over.
///
/// On the control channel, one JSON object per line:
///
///     -> {"event":"ready"}                                  all devices exist
///     -> {"event":"lost","link":0,"end":"a","device":"x"}   somebody removed a device
///     <- {"do":"set","id":7,"link":0,"up":false}            carrier of both ends; what is under way is lost
///     <- {"do":"set","id":8,"link":0,"a_to_b":{...}}        replaces the whole direction: what is not named is 0
///     <- {"do":"add","id":9,"link":{...}}                   as in the configuration
///     <- {"do":"remove","id":10,"link":0}                   the devices go, too
///     <- {"do":"counters","id":11}
///     -> {"reply":7,"ok":true}  or  {"reply":7,"error":"there is no link 0"}
public enum WireDaemon {
    /// Runs until SIGTERM, SIGINT or the end of the control channel. `arguments` are those after `wire`:
    /// `--config FILE --control FD`. Answers the exit status: 0 done, 2 bad configuration or usage, 4 failed.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let arguments = try DaemonArguments(arguments, of: "wire")
            let (file, control) = (arguments.configuration, try arguments.requiredSupervisor())
            let links: [WireLink]
            do {
                links = try WireLink.list(try JSON(parsing: try Files.read(file)))
            } catch {
                throw WireError(error is SystemError ? "\(error)" : "\(file): \(error)")
            }
            try serve(links, FileDescriptor(owning: control))
            return 0
        } catch {
            Diagnostics.write("labd wire: \(error)")
            return error is WireError || error is DaemonUsageError ? 2 : 4
        }
    }

    private static func serve(_ links: [WireLink], _ control: consuming FileDescriptor) throws {
        ResourceLimits.raiseDescriptors()
        // Measured on 2 processors, 2 x 10 ms, median of 100 pings: with 8 compilers beside it 21.9 ms without and 20.3 ms
        // with real-time priority. Where it is not allowed, the links work all the same.
        _ = cl_set_timer_slack(1)
        _ = cl_set_real_time()
        let loop = try EventLoop()
        defer { loop.removeAll() }
        try loop.onSignals([SIGTERM, SIGINT]) { _ in loop.stop() }
        let wire = try Wire(loop)
        let commands = try WireControl(wire)
        try commands.open(links)

        ForbiddenCalls.giveUp(mayEnterNamespaces: true)
        let channel = try LineChannel(loop, control)
        commands.onEvent = { [unowned channel] in channel.send($0.description.utf8) }
        channel.onLine = { [unowned channel] in channel.send(commands.follow($0).description.utf8) }
        channel.onEnd = { loop.stop() }
        commands.onEvent?(["event": "ready"])
        try loop.run()
    }
}
