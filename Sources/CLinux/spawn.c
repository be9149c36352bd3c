// Starting a process. Everything between clone3 and exec is here, in C: the child may touch nothing that a lock, an
// allocator or the Swift runtime could stand behind.
#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

const uint64_t CL_CAP_NET_ADMIN = 1ull << CAP_NET_ADMIN, CL_CAP_SYS_ADMIN = 1ull << CAP_SYS_ADMIN,
               CL_CAP_SYS_NICE = 1ull << CAP_SYS_NICE, CL_CAP_ALL = ~0ull;

// What the child writes into the pipe when it cannot become the program. On success exec closes the pipe unwritten.
struct failure {
  int number;
  char stage[24];
};

static _Noreturn void give_up(int report, const char *stage) {
  struct failure failure = {.number = errno};
  strncpy(failure.stage, stage, sizeof failure.stage - 1);
  ssize_t ignored = write(report, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

static void reset_signals(void) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void bind_files(const struct cl_spawn *options, int report) {
  if (unshare(CLONE_NEWNS) < 0) give_up(report, "unshare");
  if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) give_up(report, "mount");
  for (const char *const *pair = options->binds; pair && pair[0] && pair[1]; pair += 2)
    if (mount(pair[0], pair[1], NULL, MS_BIND, NULL) < 0) give_up(report, "mount --bind");
}

// A program that root starts gets what the bounding set allows, so that is what is cut down.
static void drop_capabilities(uint64_t kept, int report) {
  for (int capability = 0; capability < 64; capability++) {
    if (kept >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability) < 0) {
      if (errno == EINVAL) break;  // beyond the last one that this kernel knows
      give_up(report, "prctl PR_CAPBSET_DROP");
    }
  }
}

// Moves `descriptor` to `target`; both dup2 onto itself and a close-on-exec flag that survives would lose it at exec.
static void place(int descriptor, int target, int report) {
  if (descriptor == target) {
    if (fcntl(descriptor, F_SETFD, 0) < 0) give_up(report, "fcntl");
  } else if (dup2(descriptor, target) < 0) {
    give_up(report, "dup2");
  }
}

static _Noreturn void become(const struct cl_spawn *options, int report) {
  // The report pipe and the descriptors to hand down go out of the way of the numbers that they get first.
  int moved = fcntl(report, F_DUPFD_CLOEXEC, 10);
  if (moved < 0) give_up(report, "fcntl");
  report = moved;
  int input = options->standard_input, output = options->standard_output, error = options->standard_error;
  int inherited[CL_INHERITED_MOST], count = options->inherited_count;
  for (int index = 0; index < count; index++)
    if ((inherited[index] = fcntl(options->inherited[index], F_DUPFD_CLOEXEC, 10)) < 0) give_up(report, "fcntl");
  if (input >= 0 && (input = fcntl(input, F_DUPFD_CLOEXEC, 10)) < 0) give_up(report, "fcntl");
  if (output >= 0 && (output = fcntl(output, F_DUPFD_CLOEXEC, 10)) < 0) give_up(report, "fcntl");
  if (error >= 0 && (error = fcntl(error, F_DUPFD_CLOEXEC, 10)) < 0) give_up(report, "fcntl");

  if (options->dies_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) give_up(report, "prctl");
  if (options->new_session && setsid() < 0) give_up(report, "setsid");
  if (options->network_namespace >= 0 && setns(options->network_namespace, CLONE_NEWNET) < 0) give_up(report, "setns");
  if (options->private_mounts) bind_files(options, report);
  if (options->directory && chdir(options->directory) < 0) give_up(report, "chdir");

  if (input < 0 && (input = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) give_up(report, "open /dev/null");
  place(input, 0, report);
  if (output >= 0) place(output, 1, report);
  if (error >= 0) place(error, 2, report);
  for (int index = 0; index < count; index++) place(inherited[index], 3 + index, report);
  // The others are marked rather than closed: the report pipe is among them until exec.
  if (syscall(SYS_close_range, 3u + (unsigned)count, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0)
    give_up(report, "close_range");
  if (options->capabilities != CL_CAP_ALL) drop_capabilities(options->capabilities, report);
  if (options->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) give_up(report, "prctl");
  reset_signals();
  execve(options->path, (char *const *)options->arguments, (char *const *)options->environment);
  give_up(report, "exec");
}

pid_t cl_spawn(const struct cl_spawn *options, int *descriptor, const char **stage) {
  static __thread struct failure failure;
  int report[2];
  *stage = "inherited";
  if (options->inherited_count < 0 || options->inherited_count > CL_INHERITED_MOST) {
    errno = E2BIG;
    return -1;
  }
  *stage = "pipe";
  if (pipe2(report, O_CLOEXEC) < 0) return -1;

  int pidfd = -1;
  struct clone_args arguments = {
      .flags = CLONE_PIDFD | (options->new_pid_namespace ? CLONE_NEWPID : 0),
      .pidfd = (uint64_t)(uintptr_t)&pidfd,
      .exit_signal = SIGCHLD,
  };
  *stage = "clone3";
  // A handler of the parent must not run in the child before its dispositions are reset.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) become(options, report[1]);
  int number = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(report[1]);
  if (pid < 0) {
    close(report[0]);
    errno = number;
    return -1;
  }

  ssize_t count;
  do count = read(report[0], &failure, sizeof failure);
  while (count < 0 && errno == EINTR);
  close(report[0]);
  if (count == (ssize_t)sizeof failure) {
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    close(pidfd);
    *stage = failure.stage;
    errno = failure.number;
    return -1;
  }
  *descriptor = pidfd;
  return pid;
}
