// Multipath by packets: programs at an interface (TCX, Linux 6.6) that give each packet a hash of its own. Multipath with
// fib_multipath_hash_policy 1 takes the hash that a packet has (`skb->l4_hash`) before it makes one of addresses and ports.
#pragma once

#include <stdbool.h>

// Loads the program for packets that come in, which get a random hash, or the one for those that go out, whose hash is taken
// away: over a veth it would come along to the next router. Answers a descriptor, or -1 with errno: EPERM where the caller may
// not, as in a user namespace; EINVAL or ENOSYS where the kernel cannot.
int cl_spread_load(bool outgoing);

// Has an interface of the caller's network namespace run a program, for as long as the interface lives or until
// cl_spread_detach; no descriptor has to stay open. One that does already is no error, nor is one that does not. 0, or -1 with
// errno.
int cl_spread_attach(int program, bool outgoing, unsigned interface_index);
int cl_spread_detach(int program, bool outgoing, unsigned interface_index);
