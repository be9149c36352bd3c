#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

// Linux 6.2; not in the headers of Debian 12.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static int close_keeping_errno(int descriptor) {
  int number = errno;
  close(descriptor);
  errno = number;
  return -1;
}

static struct ifreq request(const char *name) {
  struct ifreq result = {0};
  strncpy(result.ifr_name, name, IFNAMSIZ - 1);
  return result;
}

int cl_tap_open(const char *name, bool carrier) {
  int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct ifreq device = request(name);
  device.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (carrier ? 0 : IFF_NO_CARRIER);
  if (ioctl(descriptor, TUNSETIFF, &device) < 0) return close_keeping_errno(descriptor);
  unsigned long offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (ioctl(descriptor, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) < 0 &&
      ioctl(descriptor, TUNSETOFFLOAD, offloads) < 0)
    return close_keeping_errno(descriptor);
  return descriptor;
}

int cl_tap_set_persistent(int descriptor, bool persistent) { return ioctl(descriptor, TUNSETPERSIST, (long)persistent); }

int cl_tap_set_address(int descriptor, const char *name, const uint8_t address[6]) {
  struct ifreq device = request(name);
  if (ioctl(descriptor, SIOCGIFHWADDR, &device) < 0) return -1;
  if (memcmp(device.ifr_hwaddr.sa_data, address, 6) == 0) return 0;
  device.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  memcpy(device.ifr_hwaddr.sa_data, address, 6);
  return ioctl(descriptor, SIOCSIFHWADDR, &device);
}

// The kernel tells of a lost carrier at most once a second, unless somebody asks (Linux 6.14). Asking needs a socket in
// the namespace of the device, which the descriptor knows.
static void publish_carrier(int descriptor, const char *name) {
  int there = ioctl(descriptor, SIOCGSKNS);
  if (there < 0) return;
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home >= 0 && setns(there, CLONE_NEWNET) == 0) {
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    struct ifreq device = request(name);
    device.ifr_data = (void *)&link;
    if (socket_ >= 0) {
      (void)ioctl(socket_, SIOCETHTOOL, &device);
      close(socket_);
    }
    setns(home, CLONE_NEWNET);
  }
  if (home >= 0) close(home);
  close(there);
}

int cl_tap_set_carrier(int descriptor, const char *name, bool up) {
  int value = up;
  if (ioctl(descriptor, TUNSETCARRIER, &value) < 0) return -1;
  publish_carrier(descriptor, name);
  return 0;
}

int cl_set_timer_slack(unsigned long nanoseconds) { return prctl(PR_SET_TIMERSLACK, nanoseconds); }

int cl_set_real_time(void) {
  struct sched_param parameters = {.sched_priority = 1};
  return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters);
}
