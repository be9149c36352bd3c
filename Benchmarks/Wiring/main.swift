// Wires a chain as the supervisor does on `lab up`, without daemons and routes, and prints the nanoseconds that it took.
// What it made stays; as after any crash, `lab down NAME` removes it.
//
//   Wiring COUNT NAME

import Glibc
import LabModel
import LabPlan
import LabRuntime
import Sys

guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[1]), count > 0 else {
    print("usage: Wiring COUNT NAME")
    exit(2)
}
// Two descriptors a node are more than the 1,024 of a shell.
var limit = rlimit()
getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
limit.rlim_cur = limit.rlim_max
setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
do {
    let name = CommandLine.arguments[2]
    let plan = Plan(try Topology(chain(count, name: name)), backend: .netem)
    let lock = try Registry.claim(name)
    let journal = try Journal(creating: LabPaths(name).journal)
    let executor = PlanExecutor(plan, paths: LabPaths(name))

    let start = Clock.monotonic()
    try executor.createNamespaces(journal) { _ in }
    try executor.createLinks()
    try executor.address()
    print(Clock.monotonic() - start)
    _ = consume lock
} catch {
    print("error: \(error)")
    exit(1)
}
