#define _GNU_SOURCE
#include "CLinux.h"

#include <string.h>

int cl_set_md5(int descriptor, const struct sockaddr *peer, socklen_t length, const void *key, uint16_t count) {
  struct tcp_md5sig request = {.tcpm_keylen = count};
  if (length > sizeof request.tcpm_addr || count > sizeof request.tcpm_key) {
    errno = EINVAL;
    return -1;
  }
  memcpy(&request.tcpm_addr, peer, length);
  memcpy(request.tcpm_key, key, count);
  return setsockopt(descriptor, IPPROTO_TCP, TCP_MD5SIG, &request, sizeof request);
}
