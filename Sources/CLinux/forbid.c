// What a daemon may not do. It is a list of what is denied, not of what is allowed: a libc that is newer than this file may do
// its work by other calls, and a daemon must not die of that. The kernel finds out once which calls pass whatever their
// arguments are, and asks the filter no more for those (Linux 5.11).
#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
static const uint32_t forbidden[] = {
    // Other programs and processes
    SYS_execve, SYS_execveat, SYS_clone, SYS_clone3, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_pidfd_getfd, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, SYS_personality,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    // Mounts, and files by other ways than their paths
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, SYS_mount_setattr, SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_acct, SYS_name_to_handle_at,
    SYS_open_by_handle_at, SYS_mknodat, SYS_fanotify_init,
#ifdef SYS_mknod
    SYS_mknod,
#endif
    // The kernel, and what it runs for others
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_seccomp, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_syslog, SYS_reboot,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
    // The machine's clock and name
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname,
    // Namespaces; the last one is entered by who holds the ends of links
    SYS_unshare, SYS_setns};

enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

int cl_forbid_calls(bool may_enter_namespaces) {
  int count = may_enter_namespaces ? FORBIDDEN - 1 : FORBIDDEN;
  struct sock_filter program[FORBIDDEN + 12];
  int length = 0;
#define ADD(...) program[length++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  // The numbers of x32, which would be another way to the same calls.
  ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, (uint8_t)(count + 4), 0));
  for (int index = 0; index < count; index++)
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[index], (uint8_t)(count - index + 3), 0));
  // A process signals itself by tgkill when it aborts, and nobody else. The process number is an int, the argument's low half.
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 2));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
#undef ADD
  struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  // Without the flag, kernels before 5.16 slow the whole process down against what untrusted code might do.
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
}
#else
int cl_forbid_calls(bool may_enter_namespaces) {
  (void)may_enter_namespaces;
  errno = ENOSYS;
  return -1;
}
#endif
