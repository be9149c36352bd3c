// TCP_MD5SIG (RFC 2385): its struct ends in an array that Swift would have as a tuple of 80.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

// Signs all segments to `peer` and takes only signed ones from it. At most 80 octets; none takes the key away. Answers 0,
// or -1 with errno: ENOPROTOOPT where the kernel was built without.
int cl_set_md5(int descriptor, const struct sockaddr *peer, socklen_t length, const void *key, uint16_t count);
