#define _GNU_SOURCE
#include "flood.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPELINE = 16, FRAME = 2 + LONGEST_QUERY };

static int connected(const char *address) {
    struct sockaddr_storage peer;
    unsigned length;
    if (!read_address(address, &peer, &length)) return -1;
    int descriptor = socket(peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&peer, length) == 0) return descriptor;
    close(descriptor);
    return -1;
}

static bool send_all(int descriptor, const uint8_t *octets, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t sent = send(descriptor, octets + done, count - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) return false;
        if (sent > 0) done += (size_t)sent;
    }
    return true;
}

/* Reads `count` octets. False at the end of the connection, or when none come. */
static bool receive_all(int descriptor, uint8_t *octets, size_t count) {
    for (size_t done = 0; done < count;) {
        struct pollfd wait = {descriptor, POLLIN, 0};
        if (poll(&wait, 1, ATTEMPTS * PATIENCE_MS) <= 0) return false;
        ssize_t received = recv(descriptor, octets + done, count - done, 0);
        if (received == 0 || (received < 0 && errno != EINTR)) return false;
        if (received > 0) done += (size_t)received;
    }
    return true;
}

/* One answer with its length before it; 0 when there is none. */
static size_t receive_answer(int descriptor, uint8_t *answer) {
    uint8_t prefix[2];
    if (!receive_all(descriptor, prefix, 2)) return 0;
    size_t length = number(prefix);
    return receive_all(descriptor, answer, length) ? length : 0;
}

/* Several queries at once. Their answers come in order; a zone comes as several messages. What has no answer ends the connection. */
static void pipeline(int descriptor, struct random *random, const struct seeds *seeds, struct totals *totals) {
    static struct query queries[PIPELINE];
    static uint8_t frames[PIPELINE * FRAME], answer[65535];
    size_t count = 0;
    uint16_t first = (uint16_t)next_random(random);
    for (unsigned index = 0; index < PIPELINE; index++) {
        struct query *query = &queries[index];
        mutate(random, seeds, (uint16_t)(first + index), query);
        frames[count] = (uint8_t)(query->length >> 8);
        frames[count + 1] = (uint8_t)query->length;
        memcpy(frames + count + 2, query->octets, query->length);
        count += 2 + query->length;
    }
    totals->tcp_queries += PIPELINE;
    bool is_open = send_all(descriptor, frames, count);
    shutdown(descriptor, SHUT_WR);
    size_t length = receive_answer(descriptor, answer);
    for (unsigned index = 0; index < PIPELINE; index++) {
        if (!has_answer(&queries[index])) break;
        unsigned answers = 0;
        for (; length >= 12 && number(answer) == (uint16_t)(first + index); answers++) {
            if ((answer[2] & 0x80) == 0) fault(totals, "an answer over TCP without QR", &queries[index], answer, length);
            length = receive_answer(descriptor, answer);
        }
        totals->tcp_answers += answers;
        if (answers == 0) {
            fault(totals, is_open ? "no answer over TCP" : "a connection that ended", &queries[index], answer, length);
            return;
        }
    }
    if (length != 0) fault(totals, "an answer over TCP to no query", NULL, answer, length);
}

/* Octets whose lengths are lies, sent in pieces, and an end that may be a reset. What comes back has to be answers. */
static void disorder(int descriptor, struct random *random, const struct seeds *seeds) {
    struct query query;
    uint8_t frame[FRAME];
    unsigned rounds = 1 + below(random, 3);
    for (unsigned round = 0; round < rounds; round++) {
        mutate(random, seeds, (uint16_t)next_random(random), &query);
        uint16_t length = below(random, 2) ? (uint16_t)next_random(random) : (uint16_t)below(random, 32);
        frame[0] = (uint8_t)(length >> 8);
        frame[1] = (uint8_t)length;
        memcpy(frame + 2, query.octets, query.length);
        size_t size = 2 + query.length, cut = below(random, (uint32_t)size + 1);
        if (!send_all(descriptor, frame, cut) || !send_all(descriptor, frame + cut, size - cut)) break;
    }
    uint8_t some[4096];
    recv(descriptor, some, sizeof some, MSG_DONTWAIT);
    if (below(random, 2)) {
        struct linger reset = {1, 0};
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
}

void flood_tcp(const char *address, struct random *random, const struct seeds *seeds, struct totals *totals) {
    int descriptor = connected(address);
    if (descriptor < 0) return fault(totals, "no connection", NULL, NULL, 0);
    totals->connections++;
    if (below(random, 4) == 0) {
        totals->broken_connections++;
        disorder(descriptor, random, seeds);
    } else {
        pipeline(descriptor, random, seeds, totals);
    }
    close(descriptor);
}
