#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

const int CL_NEWNET = CLONE_NEWNET, CL_NEWNS = CLONE_NEWNS, CL_NEWPID = CLONE_NEWPID, CL_NEWUSER = CLONE_NEWUSER;

int cl_errno(void) { return errno; }

int cl_unshare(int flags) { return unshare(flags); }

int cl_setns(int descriptor, int kind) { return setns(descriptor, kind); }

int cl_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int cl_fcntl(int descriptor, int command, long argument) { return fcntl(descriptor, command, argument); }

int cl_lock_file(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, F_SETLK, &lock);
}

int cl_lock_holder(int descriptor, pid_t *holder) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(descriptor, F_GETLK, &lock) < 0) return -1;
  if (lock.l_type == F_UNLCK) return 0;
  *holder = lock.l_pid;
  return 1;
}

int cl_epoll_wait(int descriptor, struct epoll_event *events, int count, int64_t timeout) {
  if (timeout < 0) return epoll_pwait2(descriptor, events, count, NULL, NULL);
  struct timespec limit = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
  return epoll_pwait2(descriptor, events, count, &limit, NULL);
}

int cl_is_mount_point(const char *path) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &status) < 0) return -1;
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

const char *cl_signal_name(int number) { return sigabbrev_np(number); }

int cl_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cl_pidfd_send_signal(int descriptor, int number) {
  return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
}

int cl_pidfd_reap(int descriptor, int *status, bool *by_signal) {
  siginfo_t info = {0};
  if (waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED | WNOHANG) < 0) return -1;
  if (info.si_pid == 0) return 0;
  *status = info.si_status;
  *by_signal = info.si_code != CLD_EXITED;
  return 1;
}

int cl_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
  return accept4(descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

_Static_assert(sizeof(struct cl_message) == sizeof(struct mmsghdr), "cl_message is mmsghdr");

int cl_receive_messages(int descriptor, struct cl_message *messages, unsigned int count) {
  return recvmmsg(descriptor, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL);
}

int cl_send_messages(int descriptor, struct cl_message *messages, unsigned int count) {
  return sendmmsg(descriptor, (struct mmsghdr *)messages, count, MSG_DONTWAIT);
}
