// libmnl, and the parts of the kernel's rtnetlink interface that Swift cannot import: casts inside macros, flags that only
// linux/if.h has (which clashes with net/if.h), and constants younger than Debian 12's headers.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

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
