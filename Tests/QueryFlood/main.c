/* Asks mutated queries of a responder, over UDP and now and then over TCP, and checks every answer.
 *
 *   query-flood COUNT SEED SECONDS ADDRESS... < SEEDS
 *
 * Ends after COUNT datagrams, SECONDS, or ten faults, whichever is first. SEEDS are queries as over TCP, each after its length. Addresses
 * are of documentation and private prefixes only. Prints one JSON object. Exit status: 0 all as it has to be, 1 a fault, 2 usage. */
#include "flood.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_TARGETS = 8, MOST_FAULTS = 10, ROUNDS_PER_CONNECTION = 10 };

static void print_octets(const char *what, const uint8_t *octets, size_t count) {
    fprintf(stderr, "  %s:", what);
    for (size_t index = 0; index < count; index++) fprintf(stderr, "%s%02x", index % 4 ? "" : " ", octets[index]);
    fprintf(stderr, "\n");
}

void fault(struct totals *totals, const char *what, const struct query *query, const uint8_t *answer, size_t length) {
    if (++totals->faults > MOST_FAULTS) return;
    fprintf(stderr, "fault: %s\n", what);
    if (query) print_octets("query", query->octets, query->length);
    if (answer) print_octets("answer", answer, length);
}

static struct seeds read_seeds(FILE *file) {
    struct seeds seeds = {NULL, 0};
    uint8_t prefix[2];
    while (fread(prefix, 1, 2, file) == 2) {
        struct query query = {.length = number(prefix)};
        if (query.length > LONGEST_QUERY || fread(query.octets, 1, query.length, file) != query.length) break;
        struct query *more = realloc(seeds.queries, (seeds.count + 1) * sizeof query);
        if (!more) break;
        seeds.queries = more;
        seeds.queries[seeds.count++] = query;
    }
    return seeds;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **words) {
    static struct target targets[MOST_TARGETS];
    if (count < 5 || count - 4 > MOST_TARGETS) {
        fprintf(stderr, "usage: query-flood COUNT SEED SECONDS ADDRESS... < SEEDS\n");
        return 2;
    }
    uint64_t wanted = strtoull(words[1], NULL, 10);
    struct random random = {strtoull(words[2], NULL, 10) * 2 + 1};
    double limit = strtod(words[3], NULL);
    unsigned target_count = (unsigned)count - 4;
    for (unsigned index = 0; index < target_count; index++) {
        if (!open_target(&targets[index], words[4 + index])) {
            fprintf(stderr, "error: %s is no address of a documentation or private prefix\n", words[4 + index]);
            return 2;
        }
    }
    struct seeds seeds = read_seeds(stdin);
    if (seeds.count == 0) {
        fprintf(stderr, "error: no seeds on the standard input\n");
        return 2;
    }
    for (unsigned index = 0; index < 64; index++) next_random(&random); /* Small states give small numbers at first. */
    struct totals totals = {0};
    double start = seconds();
    for (uint64_t round = 0; totals.sent < wanted && totals.faults < MOST_FAULTS && seconds() - start < limit; round++) {
        for (unsigned index = 0; index < target_count; index++) {
            uint64_t left = wanted - totals.sent;
            begin_round(&targets[index], &random, &seeds, left < ROUND ? (unsigned)left : ROUND, &totals);
        }
        for (unsigned index = 0; index < target_count; index++) end_round(&targets[index], &totals);
        if (round % ROUNDS_PER_CONNECTION == 0) {
            flood_tcp(targets[round / ROUNDS_PER_CONNECTION % target_count].name, &random, &seeds, &totals);
        }
    }
    printf("{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"unanswerable\":%" PRIu64 ",\"repeated\":%" PRIu64
           ",\"largest\":%zu,\"connections\":%" PRIu64 ",\"broken_connections\":%" PRIu64 ",\"tcp_queries\":%" PRIu64
           ",\"tcp_answers\":%" PRIu64 ",\"seconds\":%.1f,\"faults\":%u}\n",
           totals.sent, totals.answered, totals.unanswerable, totals.repeated, totals.largest, totals.connections,
           totals.broken_connections, totals.tcp_queries, totals.tcp_answers, seconds() - start, totals.faults);
    return totals.faults == 0 && totals.sent == wanted ? 0 : 1;
}
