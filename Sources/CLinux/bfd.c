#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/filter.h>

int cl_divide_bfd_packets(int descriptor, bool is_ipv6, uint8_t least_time_to_live) {
  // Offsets count from the payload; beyond its end the answer is 0, the first socket.
  struct sock_filter program[] = {
      // Vers 1, whatever the diagnostic.
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xE0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x20, 0, 6),
      // Sta Up, and of P, F, C, A, D, M at most C.
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xF7),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xC0, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF + (is_ipv6 ? 7 : 8)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, least_time_to_live, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter);
}
