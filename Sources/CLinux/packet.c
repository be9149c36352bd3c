#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 64, LARGEST = 65536 + 64 };  // The largest frame of a TAP or veth device is 64 kB and its header.

struct cl_frames {
  struct mmsghdr messages[FRAMES];
  struct iovec data[FRAMES];
  struct sockaddr_ll from[FRAMES];
  union {
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
  } control[FRAMES];
  uint8_t bytes[FRAMES][LARGEST];
};

struct cl_frames *cl_frames_make(void) { return calloc(1, sizeof(struct cl_frames)); }

void cl_frames_free(struct cl_frames *frames) { free(frames); }

int cl_packet_open(unsigned int interface_index, int room) {
  // No protocol yet: frames of other interfaces would come in until bind(2).
  int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  int on = 1;
  struct sockaddr_ll place = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)interface_index};
  // The privileged option passes over net.core.rmem_max; without the privilege the usual size has to do.
  (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
      bind(descriptor, (struct sockaddr *)&place, sizeof place) == 0)
    return descriptor;
  int number = errno;
  close(descriptor);
  errno = number;
  return -1;
}

int cl_frames_receive(struct cl_frames *frames, int descriptor) {
  for (int index = 0; index < FRAMES; index++) {
    frames->data[index] = (struct iovec){.iov_base = frames->bytes[index], .iov_len = LARGEST};
    frames->messages[index].msg_hdr = (struct msghdr){.msg_name = &frames->from[index],
                                                      .msg_namelen = sizeof frames->from[index],
                                                      .msg_iov = &frames->data[index],
                                                      .msg_iovlen = 1,
                                                      .msg_control = frames->control[index].bytes,
                                                      .msg_controllen = sizeof frames->control[index].bytes};
  }
  int count;
  do count = recvmmsg(descriptor, frames->messages, FRAMES, MSG_DONTWAIT | MSG_TRUNC, NULL);
  while (count < 0 && errno == EINTR);
  // ENETDOWN: the interface went down meanwhile. Its frames come again when it is up.
  if (count < 0 && (errno == EAGAIN || errno == ENETDOWN)) return 0;
  return count;
}

struct cl_frame cl_frames_at(const struct cl_frames *frames, int index) {
  const struct mmsghdr *message = &frames->messages[index];
  struct cl_frame frame = {.bytes = frames->bytes[index], .length = message->msg_len};
  frame.captured = frame.length < LARGEST ? frame.length : LARGEST;
  frame.is_outgoing = frames->from[index].sll_pkttype == PACKET_OUTGOING;
  struct msghdr header = message->msg_hdr;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPNS) continue;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    frame.stamp = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
  }
  return frame;
}

int64_t cl_packet_dropped(int descriptor) {
  struct tpacket_stats statistics;
  socklen_t length = sizeof statistics;
  if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0) return -1;
  return statistics.tp_drops;
}
