// The least that BFD can cost on this machine: awakes, sends a packet of 24 octets for each session, and takes those that came
// every second time, as a speaker does. It parses nothing and decides nothing.
//   floor INTERVAL_US LOCAL REMOTE [LOCAL REMOTE]...
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 3784, MOST = 16 };

static int open_socket(const char *local, const char *remote) {
  struct sockaddr_storage ends[2] = {0};
  socklen_t length = 0;
  for (int i = 0; i < 2; i++) {
    const char *text = i ? remote : local;
    struct sockaddr_in *four = (void *)&ends[i];
    struct sockaddr_in6 *six = (void *)&ends[i];
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
      four->sin_family = AF_INET, four->sin_port = htons(PORT), length = sizeof *four;
    } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
      six->sin6_family = AF_INET6, six->sin6_port = htons(PORT), length = sizeof *six;
    } else {
      fprintf(stderr, "floor: %s is no address\n", text);
      exit(2);
    }
  }
  int descriptor = socket(ends[0].ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (bind(descriptor, (void *)&ends[0], length) || connect(descriptor, (void *)&ends[1], length)) {
    perror("floor");
    exit(1);
  }
  return descriptor;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **words) {
  int sockets[MOST], sessions = 0;
  for (int i = 2; i + 1 < count && sessions < MOST; i += 2) sockets[sessions++] = open_socket(words[i], words[i + 1]);
  if (sessions == 0) return 2;
  long long interval = atoll(words[1]) * 1000, next = now();
  int poll = epoll_create1(0);
  char packet[64] = {0};
  srand((unsigned)getpid());
  for (unsigned turn = 0;; turn++) {
    // Jitter as RFC 5880, section 6.8.7 has it.
    next += interval - interval / 4 * (rand() % 1000) / 1000;
    long long left = next - now();
    struct timespec wait = {left / 1000000000, left % 1000000000};
    struct epoll_event event;
    if (left > 0) syscall(SYS_epoll_pwait2, poll, &event, 1, &wait, NULL, 0);
    for (int i = 0; i < sessions; i++) {
      if (send(sockets[i], packet, 24, 0) < 0) continue;  // Nobody listens yet.
    }
    for (int i = 0; turn % 2 && i < sessions; i++) {
      while (recv(sockets[i], packet, sizeof packet, 0) > 0) continue;
    }
  }
}
