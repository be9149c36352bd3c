// Multicast routing in the kernel: the options of the routing socket, whose names include/linux/mroute.h and mroute6.h have.
// `domain` is AF_INET or AF_INET6. Every call answers -1 with errno when it fails.
#pragma once

#include <stdint.h>

// Makes the namespace of the calling thread forward multicast for as long as the socket that is answered lives.
int cl_multicast_open(int domain);

// Makes an interface number `number`, 0 to 31, of the multicast router.
int cl_multicast_add_interface(int descriptor, int domain, unsigned number, unsigned interface_index);

// Has packets from `source` to `group`, in network byte order, that come in by one of these interfaces leave by others, a bit each.
int cl_multicast_add_route(int descriptor, int domain, const void *source, const void *group, unsigned incoming,
                           uint32_t outgoing);

// Joins a group on an interface for as long as the socket lives.
int cl_multicast_join(int descriptor, int domain, const void *group, unsigned interface_index);
