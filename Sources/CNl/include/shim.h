// libnl-3 and libnl-route-3 build tc messages: they know the kernel's clock ticks, its rate tables and the files of delay
// distributions. They build only; the messages go out with all others.
#pragma once

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>

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
  struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
  if (!qdisc) return NULL;
  rtnl_tc_set_ifindex(TC_CAST(qdisc), place->interface);
  rtnl_tc_set_parent(TC_CAST(qdisc), place->parent);
  rtnl_tc_set_handle(TC_CAST(qdisc), place->handle);
  rtnl_tc_set_kind(TC_CAST(qdisc), kind);
  return qdisc;
}

// A message that makes or replaces the qdisc; NULL when libnl cannot. To be freed with nlmsg_free.
static inline struct nl_msg *cn_replace(struct rtnl_qdisc *qdisc) {
  struct nl_msg *message = NULL;
  if (rtnl_qdisc_build_add_request(qdisc, NLM_F_CREATE | NLM_F_REPLACE, &message) < 0) message = NULL;
  rtnl_qdisc_put(qdisc);
  return message;
}

static inline struct nl_msg *cn_replace_netem(const struct cn_place *place, const struct cn_netem *netem) {
  struct rtnl_qdisc *qdisc = cn_qdisc(place, "netem");
  if (!qdisc) return NULL;
  rtnl_netem_set_limit(qdisc, netem->limit);
  rtnl_netem_set_delay(qdisc, netem->delay);
  if (netem->jitter) rtnl_netem_set_jitter(qdisc, netem->jitter);
  if (netem->loss) rtnl_netem_set_loss(qdisc, (int)netem->loss);
  if (netem->duplicate) rtnl_netem_set_duplicate(qdisc, (int)netem->duplicate);
  if (netem->reorder) rtnl_netem_set_reorder_probability(qdisc, (int)netem->reorder);
  if (netem->distribution && rtnl_netem_set_delay_distribution(qdisc, netem->distribution) < 0) {
    rtnl_qdisc_put(qdisc);
    return NULL;
  }
  return cn_replace(qdisc);
}

static inline struct nl_msg *cn_replace_tbf(const struct cn_place *place, const struct cn_tbf *tbf) {
  struct rtnl_qdisc *qdisc = cn_qdisc(place, "tbf");
  if (!qdisc) return NULL;
  rtnl_qdisc_tbf_set_rate(qdisc, tbf->rate, tbf->burst, 0);
  rtnl_qdisc_tbf_set_limit(qdisc, tbf->limit);
  return cn_replace(qdisc);
}
