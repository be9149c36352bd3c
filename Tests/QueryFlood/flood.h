/* Mutated DNS queries at a running responder, and what must be true of every answer. */
#ifndef FLOOD_H
#define FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A responder reads no more than 1,280 octets of a datagram. */
enum { LONGEST_QUERY = 1200, PATIENCE_MS = 1000, ATTEMPTS = 10 };

struct query {
    size_t length;
    uint8_t octets[LONGEST_QUERY];
};

/* Well-formed queries, of which mutated ones are made. */
struct seeds {
    struct query *queries;
    size_t count;
};

struct random {
    uint64_t state;
};

struct totals {
    uint64_t sent, answered, unanswerable, repeated;
    uint64_t connections, broken_connections, tcp_queries, tcp_answers;
    size_t largest;
    unsigned faults;
};

uint64_t next_random(struct random *random);
/* A number from 0 to below `limit`, which is not 0. */
uint32_t below(struct random *random, uint32_t limit);

/* Makes a query: of ten, one is a seed as it is, the others have one to four mutations. It bears the ID if it has room for one. */
void mutate(struct random *random, const struct seeds *seeds, uint16_t id, struct query *query);

/* Whether RFC 1035 has an answer for it: it has a header, and is no response itself. */
bool has_answer(const struct query *query);
/* The most octets that an answer over UDP may have: what the OPT record allows, 512 to 1,232, or 512 (RFC 6891, section 6.2.3). */
size_t allowed(const struct query *query);
uint16_t number(const uint8_t *octets);

/* Says what is wrong, with the query and the answer in hexadecimal. */
void fault(struct totals *totals, const char *what, const struct query *query, const uint8_t *answer, size_t length);

enum { ROUND = 64 };
enum state { NONE_WANTED, WANTED, ANSWERED };

/* Queries that are on their way together. Their IDs are `first`, `first` + 1 and so on. */
struct round {
    struct query queries[ROUND];
    enum state states[ROUND];
    bool is_repeated[ROUND];
    uint16_t first;
    unsigned count, wanted;
};

struct target {
    char name[64];
    int socket;
    struct round round;
};
bool open_target(struct target *target, const char *address);
/* Sends up to ROUND queries. */
void begin_round(struct target *target, struct random *random, const struct seeds *seeds, unsigned count, struct totals *totals);
/* Returns when each query that has an answer has one, or has been sent in vain. */
void end_round(struct target *target, struct totals *totals);

/* One connection: queries one after the other and all answers in order, or framing that means nothing. */
void flood_tcp(const char *address, struct random *random, const struct seeds *seeds, struct totals *totals);

/* The socket address of a literal that the Internet does not route: documentation and private prefixes. */
struct sockaddr_storage;
bool read_address(const char *text, struct sockaddr_storage *address, unsigned *length);

#endif
