// libnl-3 and libnl-route-3 build tc messages: they know the kernel's clock ticks, its rate tables and the files of delay
// distributions. They build only; the messages go out with all others.
//
// They are loaded when the first such message is built, and declared here: only the process that sets up links builds any,
// and linking them would cost every daemon 48 kB of private memory.
#pragma once

#include <dlfcn.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct rtnl_qdisc;
struct rtnl_tc;  // what qdiscs and classes have in common; a rtnl_qdisc is one

#define CN_FUNCTIONS(X) \
  X(struct rtnl_qdisc *, rtnl_qdisc_alloc, (void)) \
  X(void, rtnl_qdisc_put, (struct rtnl_qdisc *)) \
  X(int, rtnl_qdisc_build_add_request, (struct rtnl_qdisc *, int, struct nl_msg **)) \
  X(void, rtnl_tc_set_ifindex, (struct rtnl_tc *, int)) \
  X(void, rtnl_tc_set_parent, (struct rtnl_tc *, uint32_t)) \
  X(void, rtnl_tc_set_handle, (struct rtnl_tc *, uint32_t)) \
  X(int, rtnl_tc_set_kind, (struct rtnl_tc *, const char *)) \
  X(void, rtnl_netem_set_limit, (struct rtnl_qdisc *, int)) \
  X(void, rtnl_netem_set_delay, (struct rtnl_qdisc *, int)) \
  X(void, rtnl_netem_set_jitter, (struct rtnl_qdisc *, int)) \
  X(void, rtnl_netem_set_loss, (struct rtnl_qdisc *, int)) \
  X(void, rtnl_netem_set_duplicate, (struct rtnl_qdisc *, int)) \
  X(void, rtnl_netem_set_reorder_probability, (struct rtnl_qdisc *, int)) \
  X(int, rtnl_netem_set_delay_distribution, (struct rtnl_qdisc *, const char *)) \
  X(void, rtnl_qdisc_tbf_set_rate, (struct rtnl_qdisc *, int, int, int)) \
  X(void, rtnl_qdisc_tbf_set_limit, (struct rtnl_qdisc *, int)) \
  X(struct nlmsghdr *, nlmsg_hdr, (struct nl_msg *)) \
  X(void, nlmsg_free, (struct nl_msg *))

struct cn_library {
  bool is_there;
#define CN_FIELD(result, name, arguments) result(*name) arguments;
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
#define CN_LOAD(result, name, arguments) \
  if (!(loaded->name = (result(*) arguments)dlsym(library, #name))) loaded->is_there = false;
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
  struct rtnl_tc *common = (struct rtnl_tc *)qdisc;
  nl->rtnl_tc_set_ifindex(common, place->interface);
  nl->rtnl_tc_set_parent(common, place->parent);
  nl->rtnl_tc_set_handle(common, place->handle);
  nl->rtnl_tc_set_kind(common, kind);
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
