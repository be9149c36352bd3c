// The same chain as Benchmarks/Wiring, wired by the plainest program that sends the same messages: the namespaces with
// their settings and pins, every veth made in place, and the addresses, neighbours and link states of one namespace in one
// sendmsg. Prints the nanoseconds that it took; `down` removes what `up` made.
//
//   wiring up COUNT FOLDER     pins the namespaces in FOLDER, which it makes
//   wiring down COUNT FOLDER
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { messages_at_once = 128, room = 65536, first_index = 100 };

static int count;
static const char *folder;
static int *namespaces;  // descriptors, by node
static int *sessions;    // netlink sockets inside, by node
static char buffer[room] __attribute__((aligned(8)));
static size_t used;
static int messages;
static uint32_t sequence;

static void check(int result, const char *what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
}

static void path_of(char path[static 256], const char *kind, int node) {
  snprintf(path, 256, "%s/%s.n%d-lhr", folder, kind, node + 1);
}

// The settings of a router's namespace, as in Sources/LabRuntime/NodeNamespace.swift.
static const char *const settings[][2] = {
    {"ipv4/conf/all/rp_filter", "0\n"},
    {"ipv4/conf/default/rp_filter", "0\n"},
    {"ipv4/icmp_ratemask", "0\n"},
    {"ipv6/icmp/ratemask", "\n"},
    {"ipv4/icmp_errors_use_inbound_ifaddr", "1\n"},
    {"ipv6/conf/all/accept_dad", "0\n"},
    {"ipv6/conf/default/accept_dad", "0\n"},
    {"ipv6/conf/default/accept_ra", "0\n"},
    {"ipv6/conf/all/keep_addr_on_down", "1\n"},
    {"ipv4/fib_multipath_hash_policy", "1\n"},
    {"ipv6/fib_multipath_hash_policy", "1\n"},
    {"ipv4/ping_group_range", "0 2147483647\n"},
    {"ipv4/ip_unprivileged_port_start", "0\n"},
    {"ipv4/ip_forward", "1\n"},
    {"ipv6/conf/all/forwarding", "1\n"},
};

static void tune(void) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/net/%s", settings[i][0]);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 && errno == ENOENT) continue;
    check(file, path);
    check(write(file, settings[i][1], strlen(settings[i][1])), path);
    close(file);
  }
}

static int open_session(void) {
  int session = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  check(session, "socket");
  const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
  int on = 1;
  for (int i = 0; i < 3; i++) check(setsockopt(session, SOL_NETLINK, options[i], &on, sizeof on), "setsockopt");
  struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  check(bind(session, (struct sockaddr *)&address, sizeof address), "bind");
  return session;
}

static struct nlmsghdr *begin(int type, int flags) {
  struct nlmsghdr *message = mnl_nlmsg_put_header(buffer + used);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | flags;
  message->nlmsg_seq = ++sequence;
  messages++;
  return message;
}

static void end(struct nlmsghdr *message) { used += MNL_ALIGN(message->nlmsg_len); }

// Sends what has been written, the last message to be acknowledged, and waits for that.
static void flush(int session, struct nlmsghdr *last) {
  if (!messages) return;
  last->nlmsg_flags |= NLM_F_ACK;
  check(send(session, buffer, used, 0), "send");
  static char answers[32768] __attribute__((aligned(8)));
  for (int done = 0; !done;) {
    int length = recv(session, answers, sizeof answers, 0);
    check(length, "recv");
    for (struct nlmsghdr *answer = (void *)answers; mnl_nlmsg_ok(answer, length); answer = mnl_nlmsg_next(answer, &length)) {
      if (answer->nlmsg_type != NLMSG_ERROR) continue;
      errno = -((struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error;
      if (errno) check(-1, "refused");
      if (answer->nlmsg_seq == sequence) done = 1;
    }
  }
  used = 0;
  messages = 0;
}

static void make_namespace(int node) {
  check(unshare(CLONE_NEWNET), "unshare");
  namespaces[node] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  check(namespaces[node], "namespace");
  tune();
  sessions[node] = open_session();
  char path[256];
  path_of(path, "namespace", node);
  int pin = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
  check(pin, path);
  close(pin);
  check(mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL), path);
  path_of(path, "overlay", node);
  check(symlink("/run/lab/bench/etc", path), path);
}

static uint64_t mac_of(int link, int side) { return 0x020000000000 | (uint64_t)link << 1 | side; }

static void put_mac(struct nlmsghdr *message, int type, uint64_t mac) {
  uint64_t bytes = htobe64(mac << 16);
  mnl_attr_put(message, type, 6, &bytes);
}

static void put_end(struct nlmsghdr *message, int link, int side) {
  char interface[16];
  snprintf(interface, sizeof interface, "n%d-lhr", link + (side ? 0 : 1) + 1);
  mnl_attr_put_strz(message, IFLA_IFNAME, interface);
  put_mac(message, IFLA_ADDRESS, mac_of(link, side));
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, namespaces[link + side]);
}

// The number of an interface. The two ends of a veth have different ones.
static int index_of(int link, int side) { return first_index + 2 * link + side; }

static struct nlmsghdr *veth(int link) {
  struct nlmsghdr *message = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
  header->ifi_index = index_of(link, 0);
  put_end(message, link, 0);
  struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
  struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
  header = mnl_nlmsg_put_extra_header(message, sizeof *header);
  header->ifi_index = index_of(link, 1);
  put_end(message, link, 1);
  mnl_attr_nest_end(message, peer);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  end(message);
  return message;
}

static void link_up(int index, const char *alias) {
  struct nlmsghdr *message = begin(RTM_SETLINK, 0);
  struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
  header->ifi_index = index;
  header->ifi_change = header->ifi_flags = IFF_UP;
  if (alias) mnl_attr_put_strz(message, IFLA_IFALIAS, alias);
  end(message);
}

static void address(int index, int family, const void *bytes, int length, int bits, int metric) {
  struct nlmsghdr *message = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
  header->ifa_family = family;
  header->ifa_prefixlen = bits;
  header->ifa_index = index;
  header->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
  mnl_attr_put(message, IFA_LOCAL, length, bytes);
  mnl_attr_put(message, IFA_ADDRESS, length, bytes);
  if (metric) mnl_attr_put_u32(message, IFA_RT_PRIORITY, metric);
  end(message);
}

static struct nlmsghdr *neighbour(int index, int family, const void *bytes, int length, uint64_t mac) {
  struct nlmsghdr *message = begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
  header->ndm_family = family;
  header->ndm_ifindex = index;
  header->ndm_state = NUD_PERMANENT;
  mnl_attr_put(message, NDA_DST, length, bytes);
  put_mac(message, NDA_LLADDR, mac);
  end(message);
  return message;
}

// Host number `host` of the block of a network: 10.0.0.0/9 and 2001:db8:1001::/48 on, as in Sources/LabModel/Addressing.swift.
static uint32_t address4(int network, int host) {
  return htonl(0x0A000000 + ((uint32_t)(network + 1) << (count <= 127 ? 16 : 8)) + host);
}
static struct in6_addr address6(int network, int host) {
  uint64_t halves[2] = {htobe64(0x20010db800000000 | (uint64_t)(0x1001 + network) << 16), htobe64(host)};
  struct in6_addr result;
  memcpy(&result, halves, sizeof result);
  return result;
}

static struct nlmsghdr *configure_end(int link, int side) {
  char alias[16];
  snprintf(alias, sizeof alias, "n%d-lhr", link + (side ? 0 : 1) + 1);
  int index = index_of(link, side);
  uint32_t own4 = address4(link, 2 + side), other4 = address4(link, 3 - side);
  struct in6_addr own6 = address6(link, 2 + side), other6 = address6(link, 3 - side);
  link_up(index, alias);
  address(index, AF_INET, &own4, 4, 31, 200);
  address(index, AF_INET6, &own6, 16, 127, 200);
  neighbour(index, AF_INET, &other4, 4, mac_of(link, 1 - side));
  return neighbour(index, AF_INET6, &other6, 16, mac_of(link, 1 - side));
}

static void configure(int node) {
  struct nlmsghdr *last = (void *)buffer;
  uint32_t own4 = address4(node, 1);
  struct in6_addr own6 = address6(node, 1);
  link_up(1, NULL);
  address(1, AF_INET, &own4, 4, 32, 0);
  address(1, AF_INET6, &own6, 16, 128, 0);
  if (node > 0) last = configure_end(node - 1, 1);
  if (node < count - 1) last = configure_end(node, 0);
  flush(sessions[node], last);
}

static void up(void) {
  struct timespec start, stop;
  clock_gettime(CLOCK_MONOTONIC, &start);
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  check(home, "namespace");
  for (int node = 0; node < count; node++) make_namespace(node);
  check(setns(home, CLONE_NEWNET), "setns");
  int session = open_session();
  struct nlmsghdr *last = NULL;
  for (int link = 0; link < count - 1; link++) {
    last = veth(link);
    if (messages == messages_at_once || used > room - 512) flush(session, last);
  }
  flush(session, last);
  for (int node = 0; node < count; node++) configure(node);
  clock_gettime(CLOCK_MONOTONIC, &stop);
  printf("%lld\n", (stop.tv_sec - start.tv_sec) * 1000000000LL + stop.tv_nsec - start.tv_nsec);
}

static void down(void) {
  for (int node = 0; node < count; node++) {
    char path[256];
    path_of(path, "namespace", node);
    umount2(path, MNT_DETACH);
    unlink(path);
    path_of(path, "overlay", node);
    unlink(path);
  }
  rmdir(folder);
}

int main(int argc, char **argv) {
  if (argc != 4 || (count = atoi(argv[2])) < 2) {
    fprintf(stderr, "usage: wiring up|down COUNT FOLDER\n");
    return 2;
  }
  folder = argv[3];
  if (strcmp(argv[1], "up") == 0) {
    namespaces = calloc(count, sizeof *namespaces);
    sessions = calloc(count, sizeof *sessions);
    // Two descriptors a node are more than the 1,024 of a shell.
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    check(mkdir(folder, 0755), folder);
    up();
  } else {
    down();
  }
  return 0;
}
