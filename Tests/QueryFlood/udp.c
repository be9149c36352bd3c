#define _GNU_SOURCE
#include "flood.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

bool read_address(const char *text, struct sockaddr_storage *address, unsigned *length) {
    /* RFC 5737, RFC 1918 and 127.0.0.0/8; RFC 3849 and ::1. */
    static const struct { uint32_t prefix, mask; } unrouted[] = {
        {0xc0000200, 0xffffff00}, {0xc6336400, 0xffffff00}, {0xcb007100, 0xffffff00},
        {0x0a000000, 0xff000000}, {0xac100000, 0xfff00000}, {0xc0a80000, 0xffff0000}, {0x7f000000, 0xff000000}};
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(53);
        *length = sizeof *v4;
        for (size_t i = 0; i < sizeof unrouted / sizeof *unrouted; i++) {
            if ((ntohl(v4->sin_addr.s_addr) & unrouted[i].mask) == unrouted[i].prefix) return true;
        }
        return false;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(53);
    *length = sizeof *v6;
    return memcmp(&v6->sin6_addr, "\x20\x01\x0d\xb8", 4) == 0 || IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool open_target(struct target *target, const char *address) {
    struct sockaddr_storage peer;
    unsigned length;
    if (!read_address(address, &peer, &length)) return false;
    snprintf(target->name, sizeof target->name, "%s", address);
    target->socket = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return target->socket >= 0 && connect(target->socket, (struct sockaddr *)&peer, length) == 0;
}

static void check(struct round *round, const uint8_t *answer, size_t length, struct totals *totals) {
    if (length < 12) return fault(totals, "an answer without a header", NULL, answer, length);
    unsigned index = (uint16_t)(number(answer) - round->first);
    /* Of the rounds before only what was sent twice may come twice. */
    if (index >= round->count) {
        if (totals->repeated == 0) fault(totals, "an answer to no query", NULL, answer, length);
        return;
    }
    const struct query *query = &round->queries[index];
    if (round->states[index] == NONE_WANTED) return fault(totals, "an answer where none may be", query, answer, length);
    if (round->states[index] == ANSWERED) {
        if (!round->is_repeated[index]) fault(totals, "two answers", query, answer, length);
        return;
    }
    round->states[index] = ANSWERED;
    round->wanted--;
    totals->answered++;
    if (length > totals->largest) totals->largest = length;
    if ((answer[2] & 0x80) == 0) fault(totals, "an answer without QR", query, answer, length);
    if ((answer[2] & 0x78) != (query->octets[2] & 0x78)) fault(totals, "another opcode", query, answer, length);
    if (length > allowed(query)) fault(totals, "an answer that is too long", query, answer, length);
}

/* Sends what is still to be answered, or all. */
static void send_round(struct target *target, bool all, struct totals *totals) {
    struct round *round = &target->round;
    struct mmsghdr messages[ROUND];
    struct iovec vectors[ROUND];
    unsigned count = 0;
    for (unsigned index = 0; index < round->count; index++) {
        if (!all && round->states[index] != WANTED) continue;
        if (!all) round->is_repeated[index] = true, totals->repeated++;
        vectors[count] = (struct iovec){round->queries[index].octets, round->queries[index].length};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[count], .msg_iovlen = 1}};
        count++;
    }
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(target->socket, messages + done, count - done, 0);
        if (sent > 0) done += (unsigned)sent;
        if (sent < 0 && errno != EINTR) { /* Refused: nobody listens any more. It shows as silence. */
            if (errno != ECONNREFUSED) perror(target->name);
            return;
        }
    }
}

static void receive(struct target *target, struct totals *totals) {
    struct round *round = &target->round;
    static uint8_t memory[ROUND][4096];
    struct mmsghdr messages[ROUND];
    struct iovec vectors[ROUND];
    for (unsigned index = 0; index < ROUND; index++) {
        vectors[index] = (struct iovec){memory[index], sizeof memory[index]};
        messages[index] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[index], .msg_iovlen = 1}};
    }
    while (round->wanted > 0) {
        struct pollfd wait = {target->socket, POLLIN, 0};
        if (poll(&wait, 1, PATIENCE_MS) == 0) return;
        int count = recvmmsg(target->socket, messages, ROUND, MSG_DONTWAIT, NULL);
        for (int index = 0; index < count; index++) check(round, memory[index], messages[index].msg_len, totals);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return;
    }
}

void begin_round(struct target *target, struct random *random, const struct seeds *seeds, unsigned count, struct totals *totals) {
    struct round *round = &target->round;
    round->first = (uint16_t)totals->sent;
    round->count = count;
    round->wanted = 0;
    for (unsigned index = 0; index < count; index++) {
        mutate(random, seeds, (uint16_t)(round->first + index), &round->queries[index]);
        bool is_wanted = has_answer(&round->queries[index]);
        round->states[index] = is_wanted ? WANTED : NONE_WANTED;
        round->is_repeated[index] = false;
        round->wanted += is_wanted;
        totals->unanswerable += !is_wanted;
    }
    totals->sent += count;
    send_round(target, true, totals);
}

void end_round(struct target *target, struct totals *totals) {
    struct round *round = &target->round;
    receive(target, totals);
    for (unsigned attempt = 1; attempt < ATTEMPTS && round->wanted > 0; attempt++) {
        send_round(target, false, totals);
        receive(target, totals);
    }
    for (unsigned index = 0; index < round->count; index++) {
        if (round->states[index] == WANTED) fault(totals, "no answer", &round->queries[index], NULL, 0);
    }
}
