// The packets of BFD (RFC 5880) that wake nobody.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Divides what comes to a UDP port between the two sockets that share it (SO_REUSEPORT), the first of which is `descriptor`:
// packets that say Up and ask for nothing, with at least that TTL or hop limit, go to the second, all others to the first.
// To be called when the first is bound and before the second is. Answers 0, or -1 with errno.
int cl_divide_bfd_packets(int descriptor, bool is_ipv6, uint8_t least_time_to_live);
