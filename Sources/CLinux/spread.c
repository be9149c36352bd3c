#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>

// Linux 6.6; not in the headers of Debian 12.
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, TCX_NEXT = -1 };

#define CALL(function) {.code = BPF_JMP | BPF_CALL, .imm = (function)}
#define COPY(to, from) {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)}
// Whatever else there is at the interface has its turn, and the packet goes on.
#define RETURN_NEXT {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_NEXT}, {.code = BPF_JMP | BPF_EXIT}

// bpf_set_hash(packet, bpf_get_prandom_u32())
static const struct bpf_insn set_random_hash[] = {
    COPY(BPF_REG_6, BPF_REG_1), CALL(BPF_FUNC_get_prandom_u32), COPY(BPF_REG_2, BPF_REG_0), COPY(BPF_REG_1, BPF_REG_6),
    CALL(BPF_FUNC_set_hash),    RETURN_NEXT,
};

// bpf_set_hash_invalid(packet)
static const struct bpf_insn take_hash_away[] = {CALL(BPF_FUNC_set_hash_invalid), RETURN_NEXT};

static int bpf(int command, union bpf_attr *request) {
  return (int)syscall(SYS_bpf, command, request, sizeof *request);
}

int cl_spread_load(bool outgoing) {
  union bpf_attr request;
  memset(&request, 0, sizeof request);
  request.prog_type = BPF_PROG_TYPE_SCHED_CLS;
  request.expected_attach_type = outgoing ? TCX_EGRESS : TCX_INGRESS;
  request.insns = (uintptr_t)(outgoing ? take_hash_away : set_random_hash);
  request.insn_cnt = (outgoing ? sizeof take_hash_away : sizeof set_random_hash) / sizeof(struct bpf_insn);
  // Neither helper is for programs under the GPL alone.
  request.license = (uintptr_t) "";
  strcpy(request.prog_name, outgoing ? "lab_unspread" : "lab_spread");
  return bpf(BPF_PROG_LOAD, &request);
}

static union bpf_attr place(int program, bool outgoing, unsigned interface_index) {
  union bpf_attr request;
  memset(&request, 0, sizeof request);
  // With TCX it is the number of the interface.
  request.target_fd = interface_index;
  request.attach_bpf_fd = (uint32_t)program;
  request.attach_type = outgoing ? TCX_EGRESS : TCX_INGRESS;
  return request;
}

int cl_spread_attach(int program, bool outgoing, unsigned interface_index) {
  union bpf_attr request = place(program, outgoing, interface_index);
  return bpf(BPF_PROG_ATTACH, &request) == 0 || errno == EEXIST ? 0 : -1;
}

int cl_spread_detach(int program, bool outgoing, unsigned interface_index) {
  union bpf_attr request = place(program, outgoing, interface_index);
  return bpf(BPF_PROG_DETACH, &request) == 0 || errno == ENOENT ? 0 : -1;
}
