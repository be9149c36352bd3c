// libnl-3 and libnl-route-3 build tc messages: they know the kernel's clock ticks, its rate tables and the files of delay
// distributions. They build only; the messages go out with all others.
//
// They are loaded when the first such message is built: only the process that sets up links builds any, and their tables and
// constructors would cost every daemon 50 kB of private memory.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>

#define CN_FUNCTIONS(X) \
  X(rtnl_qdisc_alloc) \
  X(rtnl_qdisc_put) \
  X(rtnl_qdisc_build_add_request) \
  X(rtnl_tc_set_ifindex) \
  X(rtnl_tc_set_parent) \
  X(rtnl_tc_set_handle) \
  X(rtnl_tc_set_kind) \
  X(rtnl_netem_set_limit) \
  X(rtnl_netem_set_delay) \
  X(rtnl_netem_set_jitter) \
  X(rtnl_netem_set_loss) \
  X(rtnl_netem_set_duplicate) \
  X(rtnl_netem_set_reorder_probability) \
  X(rtnl_netem_set_delay_distribution) \
  X(rtnl_qdisc_tbf_set_rate) \
  X(rtnl_qdisc_tbf_set_limit) \
  X(nlmsg_hdr) \
  X(nlmsg_free)

struct cn_library {
  bool is_there;
#define CN_FIELD(name) __typeof__(&name) name;
  CN_FUNCTIONS(CN_FIELD)
#undef CN_FIELD
};

// Swift emits what an inline function holds, but no variables of a header.
static inline struct cn_library *cn_loaded(void) {
  static struct cn_library loaded;
  return &loaded;
}

static inline void cn_load(void) {
  struct cn_library *loaded = cn_loaded();
  void *library = dlopen("libnl-route-3.so.200", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  loaded->is_there = true;
#define CN_LOAD(name) \
  if (!(loaded->name = (__typeof__(&name))dlsym(library, #name))) loaded->is_there = false;
  CN_FUNCTIONS(CN_LOAD)
#undef CN_LOAD
}

// The functions of the library; is_there says whether they can be called.
static inline const struct cn_library *cn_library(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, cn_load);
  return cn_loaded();
}

// Where a qdisc stands: the interface, what it hangs on, its own number.
struct cn_place {
  int interface;
  uint32_t parent;
  uint32_t handle;
};

// Probabilities are of 2^32; times are in microseconds.
struct cn_netem {
  int limit;
  int delay;
  int jitter;
  uint32_t loss;
  uint32_t duplicate;
  uint32_t reorder;
  const char *distribution; // a file without its ending .dist, or NULL
};

// Bytes, and bytes per second.
struct cn_tbf {
  int rate;
  int burst;
  int limit;
};

static inline struct rtnl_qdisc *cn_qdisc(const struct cn_place *place, const char *kind) {
  const struct cn_library *nl = cn_library();
  struct rtnl_qdisc *qdisc = nl->is_there ? nl->rtnl_qdisc_alloc() : NULL;
  if (!qdisc) return NULL;
  nl->rtnl_tc_set_ifindex(TC_CAST(qdisc), place->interface);
  nl->rtnl_tc_set_parent(TC_CAST(qdisc), place->parent);
  nl->rtnl_tc_set_handle(TC_CAST(qdisc), place->handle);
  nl->rtnl_tc_set_kind(TC_CAST(qdisc), kind);
  return qdisc;
}

// A message that makes or replaces the qdisc; NULL when libnl cannot. To be freed with cn_free.
static inline struct nl_msg *cn_replace(struct rtnl_qdisc *qdisc) {
  const struct cn_library *nl = cn_library();
  struct nl_msg *message = NULL;
  if (nl->rtnl_qdisc_build_add_request(qdisc, NLM_F_CREATE | NLM_F_REPLACE, &message) < 0) message = NULL;
  nl->rtnl_qdisc_put(qdisc);
  return message;
}

static inline struct nl_msg *cn_replace_netem(const struct cn_place *place, const struct cn_netem *netem) {
  const struct cn_library *nl = cn_library();
  struct rtnl_qdisc *qdisc = cn_qdisc(place, "netem");
  if (!qdisc) return NULL;
  nl->rtnl_netem_set_limit(qdisc, netem->limit);
  nl->rtnl_netem_set_delay(qdisc, netem->delay);
  if (netem->jitter) nl->rtnl_netem_set_jitter(qdisc, netem->jitter);
  if (netem->loss) nl->rtnl_netem_set_loss(qdisc, (int)netem->loss);
  if (netem->duplicate) nl->rtnl_netem_set_duplicate(qdisc, (int)netem->duplicate);
  if (netem->reorder) nl->rtnl_netem_set_reorder_probability(qdisc, (int)netem->reorder);
  if (netem->distribution && nl->rtnl_netem_set_delay_distribution(qdisc, netem->distribution) < 0) {
    nl->rtnl_qdisc_put(qdisc);
    return NULL;
  }
  return cn_replace(qdisc);
}

static inline struct nl_msg *cn_replace_tbf(const struct cn_place *place, const struct cn_tbf *tbf) {
  const struct cn_library *nl = cn_library();
  struct rtnl_qdisc *qdisc = cn_qdisc(place, "tbf");
  if (!qdisc) return NULL;
  nl->rtnl_qdisc_tbf_set_rate(qdisc, tbf->rate, tbf->burst, 0);
  nl->rtnl_qdisc_tbf_set_limit(qdisc, tbf->limit);
  return cn_replace(qdisc);
}

static inline const struct nlmsghdr *cn_header(struct nl_msg *message) { return cn_library()->nlmsg_hdr(message); }

static inline void cn_free(struct nl_msg *message) { cn_library()->nlmsg_free(message); }
