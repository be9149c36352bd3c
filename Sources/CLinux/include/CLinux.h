// What Swift cannot import or should not do itself: calls that need _GNU_SOURCE, variadic calls, macros, and everything
// that happens between clone and exec. Nothing here defines _GNU_SOURCE: a feature macro in a public header changes the
// system headers of whoever includes it first.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bfd.h"
#include "md5.h"
#include "multicast.h"
#include "observe.h"
#include "packet.h"
#include "spread.h"
#include "tun.h"

// The value of `errno`, which is a macro over a thread-local and therefore no Swift variable.
int cl_errno(void);

// unshare(2) and setns(2), with the CLONE_ flags spelled for Swift.
extern const int CL_NEWNET, CL_NEWNS, CL_NEWPID, CL_NEWUSER;
int cl_unshare(int flags);
int cl_setns(int descriptor, int kind);

// open(2) and fcntl(2) are variadic.
int cl_open(const char *path, int flags, mode_t mode);
int cl_fcntl(int descriptor, int command, long argument);

// A POSIX record lock over a whole file. cl_lock_holder answers 1 when another process holds it, 0 when none does, -1 with
// errno on failure; *holder is that process, or 0 when it is not in the caller's PID namespace.
int cl_lock_file(int descriptor);
int cl_lock_holder(int descriptor, pid_t *holder);

// epoll_pwait2(2) with a time-out in nanoseconds; negative waits for ever.
int cl_epoll_wait(int descriptor, struct epoll_event *events, int count, int64_t timeout);

// Whether something is mounted at `path` itself: 1 or 0, or -1 with errno.
int cl_is_mount_point(const char *path);

// `KILL` for 9; NULL for what is no signal.
const char *cl_signal_name(int number);

// Denies the calling thread, and those that it starts from then on, what no daemon of a lab does: other programs and processes,
// mounts, namespaces, modules, the clock and the like. Those calls fail with EPERM, and one of another architecture's numbering
// ends the process. It cannot be taken back. 0, or -1 with errno where the kernel has no such filter.
int cl_forbid_calls(bool may_enter_namespaces);

int cl_pidfd_open(pid_t pid);
int cl_pidfd_send_signal(int descriptor, int number);
// waitid(2) on a pidfd without blocking. 1: reaped, with the exit status or the signal; 0: still running; -1: errno.
int cl_pidfd_reap(int descriptor, int *status, bool *by_signal);

int cl_accept(int descriptor, struct sockaddr *address, socklen_t *length);

// recvmmsg(2) and sendmmsg(2), without waiting. The layout is that of struct mmsghdr, which needs _GNU_SOURCE.
struct cl_message {
  struct msghdr header;
  unsigned int byte_count;  // received or sent
};
int cl_receive_messages(int descriptor, struct cl_message *messages, unsigned int count);
int cl_send_messages(int descriptor, struct cl_message *messages, unsigned int count);

// Bits of cl_spawn.capabilities.
extern const uint64_t CL_CAP_NET_ADMIN, CL_CAP_SYS_ADMIN, CL_CAP_SYS_NICE, CL_CAP_ALL;

// How many descriptors can be handed down besides 0, 1 and 2.
#define CL_INHERITED_MOST 4

// A process to start. Descriptor numbers are of the caller; -1 stands for "none".
struct cl_spawn {
  const char *path;
  const char *const *arguments;
  const char *const *environment;
  const char *directory;       // working directory, or NULL
  int network_namespace;       // entered before exec
  int standard_input;          // -1: /dev/null
  int standard_output;         // -1: kept
  int standard_error;          // -1: kept
  const int *inherited;        // become descriptors 3 and up; all further ones are closed
  int inherited_count;         // 0 to CL_INHERITED_MOST
  bool new_session;            // setsid(2)
  bool new_pid_namespace;      // the process is 1 of its own, and its end ends every process inside
  bool dies_with_parent;       // SIGKILL when the parent ends
  bool private_mounts;         // a mount namespace of its own, whose changes stay inside
  const char *const *binds;    // with private_mounts: source, target, source, target, ..., NULL
  uint64_t capabilities;       // those that the program may have, a bit each (capabilities(7)); all others are dropped
  bool no_new_privileges;      // exec never gives more than there is (PR_SET_NO_NEW_PRIVS)
};

// Starts a process by clone3(2). Answers its PID and, in *descriptor, a pidfd. On failure answers -1 with errno set and
// *stage naming the call that failed, also when that call was the child's (its errno comes back over a pipe).
pid_t cl_spawn(const struct cl_spawn *options, int *descriptor, const char **stage);
