#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>

int cl_probe_prepare(int descriptor, int domain) {
  int on = 1, off = 0;
  if (setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return -1;
  if (domain != AF_INET6) return setsockopt(descriptor, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  // To make up a flow label the kernel hashes the packet with a secret, and routers on veth would go by that hash.
  if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, &off, sizeof off) < 0) return -1;
  return setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

int cl_probe_send(int descriptor, const struct sockaddr *target, socklen_t target_length, int ttl, const void *bytes,
                  size_t count) {
  struct iovec data = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {
      .msg_name = (void *)target, .msg_namelen = target_length, .msg_iov = &data, .msg_iovlen = 1};
  bool is_v6 = target->sa_family == AF_INET6;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {0};
  if (ttl > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    header->cmsg_type = is_v6 ? IPV6_HOPLIMIT : IP_TTL;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &ttl, sizeof ttl);
  }
  // An ICMP error also fails the next call on the socket, which then has sent nothing. There are at most as many in a row
  // as probes are on their way.
  for (int attempt = 0;; attempt++) {
    if (sendmsg(descriptor, &message, MSG_NOSIGNAL) >= 0) return 0;
    bool is_other = errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE || errno == EPERM;
    if (errno != EINTR && (is_other || attempt == 128)) return -1;
  }
}

int cl_refuse_packets(int descriptor) {
  struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {.len = 1, .filter = &refuse};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int64_t cl_round_trip(int descriptor) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return -1;
  return (int64_t)info.tcpi_rtt * 1000;
}

static void read_sender(const struct sockaddr *sender, struct cl_arrival *arrival) {
  arrival->sender_count = 0;
  if (sender->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sender;
    arrival->sender_count = 4;
    arrival->sender_port = ntohs(v4->sin_port);
    memcpy(arrival->sender, &v4->sin_addr, 4);
  } else if (sender->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sender;
    arrival->sender_count = 16;
    arrival->sender_port = ntohs(v6->sin6_port);
    memcpy(arrival->sender, &v6->sin6_addr, 16);
  }
}

static void read_error(const struct sock_extended_err *error, struct cl_arrival *arrival) {
  arrival->is_icmp = error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6;
  arrival->type = error->ee_type;
  arrival->code = error->ee_code;
  read_sender(SO_EE_OFFENDER(error), arrival);
}

int cl_probe_receive(int descriptor, bool from_error_queue, void *bytes, size_t capacity, struct cl_arrival *arrival) {
  struct iovec data = {.iov_base = bytes, .iov_len = capacity};
  union {
    char bytes[512];
    struct cmsghdr align;
  } control;
  struct sockaddr_storage sender = {0};
  struct msghdr message = {.msg_name = &sender, .msg_iov = &data, .msg_iovlen = 1};
  ssize_t count;
  int attempt = 0;
  do {
    message.msg_namelen = sizeof sender;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    count = recvmsg(descriptor, &message, MSG_DONTWAIT | (from_error_queue ? MSG_ERRQUEUE : 0));
    // As in cl_probe_send: the error queue tells of the same error, with more words.
  } while (count < 0 && errno != EAGAIN && attempt++ < 128);
  if (count < 0) return errno == EAGAIN ? 0 : -1;
  memset(arrival, 0, sizeof *arrival);
  arrival->count = (size_t)count;
  if (!from_error_queue) read_sender((const struct sockaddr *)&sender, arrival);
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_TIMESTAMPNS) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
      arrival->stamp = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    } else if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
               (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR)) {
      read_error((const struct sock_extended_err *)CMSG_DATA(header), arrival);
    }
  }
  return 1;
}
