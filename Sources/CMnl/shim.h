// libmnl, and the parts of the kernel's rtnetlink interface that Swift cannot import: casts inside macros, flags that only
// linux/if.h has (which clashes with net/if.h), and constants younger than Debian 12's headers.
#pragma once

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum {
  CM_IFF_UP = 1 << 0,
  CM_IFF_LOOPBACK = 1 << 3,
  CM_IFF_RUNNING = 1 << 6,
  CM_IFF_LOWER_UP = 1 << 16,
};

// One next hop of RTA_MULTIPATH. It carries attributes as a message does, but the functions of libmnl know attributes in
// messages only: its length is set when they are all written.
static inline struct rtnexthop *cm_nexthop_start(struct nlmsghdr *message, size_t capacity) {
  if (message->nlmsg_len + sizeof(struct rtnexthop) > capacity) return NULL;
  return (struct rtnexthop *)mnl_nlmsg_put_extra_header(message, sizeof(struct rtnexthop));
}

static inline void cm_nexthop_end(struct nlmsghdr *message, struct rtnexthop *hop) {
  hop->rtnh_len = (unsigned short)((char *)mnl_nlmsg_get_payload_tail(message) - (char *)hop);
}

// A header of fixed layout that stands behind the message header, or at the start of a nested attribute.
static inline bool cm_put_header(struct nlmsghdr *message, size_t capacity, const void *header, size_t size) {
  if (message->nlmsg_len + MNL_ALIGN(size) > capacity) return false;
  memcpy(mnl_nlmsg_put_extra_header(message, size), header, size);
  return true;
}

// Drops the notifications of what a socket with this port asked for, before they take up room in `descriptor`. A notification is
// one datagram of one message, and filters load numbers in network byte order. Answers 0, or -1 with errno.
static inline int cm_drop_changes(int descriptor, uint32_t port) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}
