#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <netinet/icmp6.h>
#include <string.h>

int cl_multicast_open(int domain) {
  bool is_v6 = domain == AF_INET6;
  int descriptor = socket(domain, SOCK_RAW | SOCK_CLOEXEC, is_v6 ? IPPROTO_ICMPV6 : IPPROTO_IGMP);
  if (descriptor < 0) return -1;
  if (is_v6) {
    // Nothing is to be read from it: without this it would collect every ICMPv6 message.
    struct icmp6_filter none;
    ICMP6_FILTER_SETBLOCKALL(&none);
    (void)setsockopt(descriptor, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof none);
  }
  int on = 1;
  if (setsockopt(descriptor, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? MRT6_INIT : MRT_INIT, &on, sizeof on) == 0)
    return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

int cl_multicast_add_interface(int descriptor, int domain, unsigned number, unsigned interface_index) {
  if (domain == AF_INET6) {
    struct mif6ctl interface = {.mif6c_mifi = number, .vifc_threshold = 1, .mif6c_pifi = interface_index};
    return setsockopt(descriptor, IPPROTO_IPV6, MRT6_ADD_MIF, &interface, sizeof interface);
  }
  struct vifctl interface = {
      .vifc_vifi = number, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1, .vifc_lcl_ifindex = interface_index};
  return setsockopt(descriptor, IPPROTO_IP, MRT_ADD_VIF, &interface, sizeof interface);
}

int cl_multicast_add_route(int descriptor, int domain, const void *source, const void *group, unsigned incoming,
                           uint32_t outgoing) {
  if (domain == AF_INET6) {
    struct mf6cctl route = {.mf6cc_parent = incoming};
    route.mf6cc_origin.sin6_family = route.mf6cc_mcastgrp.sin6_family = AF_INET6;
    memcpy(&route.mf6cc_origin.sin6_addr, source, 16);
    memcpy(&route.mf6cc_mcastgrp.sin6_addr, group, 16);
    IF_ZERO(&route.mf6cc_ifset);
    for (unsigned number = 0; number < 32; number++)
      if (outgoing >> number & 1) IF_SET(number, &route.mf6cc_ifset);
    return setsockopt(descriptor, IPPROTO_IPV6, MRT6_ADD_MFC, &route, sizeof route);
  }
  struct mfcctl route = {.mfcc_parent = incoming};
  memcpy(&route.mfcc_origin, source, 4);
  memcpy(&route.mfcc_mcastgrp, group, 4);
  // A TTL of 1 or more goes out; 255 stands for not by this interface.
  for (unsigned number = 0; number < MAXVIFS; number++) route.mfcc_ttls[number] = outgoing >> number & 1 ? 1 : 255;
  return setsockopt(descriptor, IPPROTO_IP, MRT_ADD_MFC, &route, sizeof route);
}

int cl_multicast_join(int descriptor, int domain, const void *group, unsigned interface_index) {
  if (domain == AF_INET6) {
    struct ipv6_mreq request = {.ipv6mr_interface = interface_index};
    memcpy(&request.ipv6mr_multiaddr, group, 16);
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
  }
  struct ip_mreqn request = {.imr_ifindex = interface_index};
  memcpy(&request.imr_multiaddr, group, 4);
  return setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
}
