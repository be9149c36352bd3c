// Probes: one socket, a TTL for each packet, receive times by the kernel, and the ICMP errors that come back
// (ip(7), IP_RECVERR; ipv6(7), IPV6_RECVERR).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// What came in.
struct cl_arrival {
  size_t count;         // octets of payload: of the answer, or of the probe as far as the error quotes it
  int64_t stamp;        // CLOCK_REALTIME in nanoseconds when the kernel got the packet; 0 when it does not say
  bool is_icmp;         // an ICMP or ICMPv6 error
  uint8_t type, code;   // as in its header
  uint8_t sender[16];   // who sent the answer or the error, in network byte order
  size_t sender_count;  // 4 or 16; 0 when not known
  uint16_t sender_port; // of an answer
};

// Asks for errors and receive times, and for packets that carry no hash of their own (IPV6_AUTOFLOWLABEL). `domain` is
// AF_INET or AF_INET6. -1: errno.
int cl_probe_prepare(int descriptor, int domain);

// Sends to an address. `ttl` is the TTL or hop limit of this packet; 0 leaves it to the system. Errors that
// earlier probes met are passed over. -1: errno.
int cl_probe_send(int descriptor, const struct sockaddr *target, socklen_t target_length, int ttl, const void *bytes,
                  size_t count);

// Lets no packet into a raw socket, whose errors come all the same. -1: errno.
int cl_refuse_packets(int descriptor);

// The round trip of a TCP connection that has just been made, in nanoseconds, as the kernel measured it (TCP_INFO); -1 when it does
// not tell.
int64_t cl_round_trip(int descriptor);

// Takes the next answer, or the next error from the error queue. 1: taken; 0: none waits; -1: errno.
int cl_probe_receive(int descriptor, bool from_error_queue, void *bytes, size_t capacity, struct cl_arrival *arrival);
