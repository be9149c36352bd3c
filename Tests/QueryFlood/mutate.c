#include "flood.h"

#include <string.h>

uint64_t next_random(struct random *random) { /* xorshift64* */
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 2685821657736338717u;
}

uint32_t below(struct random *random, uint32_t limit) { return (uint32_t)((next_random(random) >> 32) * limit >> 32); }

uint16_t number(const uint8_t *octets) { return (uint16_t)(octets[0] << 8 | octets[1]); }

static void put_number(uint8_t *octets, uint16_t value) {
    octets[0] = (uint8_t)(value >> 8);
    octets[1] = (uint8_t)value;
}

/* Lengths of labels, pointers, counts and types that decide something. */
static uint16_t telling(struct random *random) {
    static const uint16_t values[] = {0, 1, 2, 6, 10, 12, 15, 39, 41, 63, 64, 127, 128, 192, 250, 251, 252, 255, 256, 511,
                                      512, 513, 1231, 1232, 1233, 4096, 0x7fff, 0x8000, 0xc000, 0xc00c, 0xffff};
    return values[below(random, sizeof values / sizeof *values)];
}

/* Opens a gap of `count` octets at `offset`, as far as there is room for it; its size. */
static size_t open_gap(struct query *query, size_t offset, size_t count) {
    if (count > LONGEST_QUERY - query->length) count = LONGEST_QUERY - query->length;
    memmove(query->octets + offset + count, query->octets + offset, query->length - offset);
    query->length += count;
    return count;
}

static void insert(struct random *random, struct query *query, size_t offset) {
    size_t count = open_gap(query, offset, 1 + below(random, below(random, 8) ? 16 : 600));
    for (size_t i = 0; i < count; i++) query->octets[offset + i] = (uint8_t)next_random(random);
}

/* The head of this one and the tail of another. */
static void splice(struct random *random, const struct seeds *seeds, struct query *query) {
    const struct query *other = &seeds->queries[below(random, (uint32_t)seeds->count)];
    size_t head = below(random, (uint32_t)query->length + 1), from = below(random, (uint32_t)other->length + 1);
    size_t tail = other->length - from;
    if (tail > LONGEST_QUERY - head) tail = LONGEST_QUERY - head;
    memcpy(query->octets + head, other->octets + from, tail);
    query->length = head + tail;
}

/* A piece of it once more. */
static void repeat(struct random *random, struct query *query, size_t offset) {
    uint8_t piece[64];
    size_t count = 1 + below(random, sizeof piece);
    if (count > query->length - offset) count = query->length - offset;
    memcpy(piece, query->octets + offset, count);
    count = open_gap(query, offset, count);
    memcpy(query->octets + offset, piece, count);
}

/* An option at the end, of a code that servers know or of any, whose length may be a lie. The length of the last record is told of it. */
static void add_option(struct random *random, struct query *query) {
    static const uint8_t codes[] = {3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    size_t start = query->length, length = below(random, 41), lie = below(random, 8) ? length : telling(random);
    if (open_gap(query, start, 4 + length) < 4 + length) return;
    put_number(query->octets + start, below(random, 8) ? codes[below(random, sizeof codes)] : (uint16_t)next_random(random));
    put_number(query->octets + start + 2, (uint16_t)lie);
    for (size_t i = 0; i < length; i++) query->octets[start + 4 + i] = (uint8_t)next_random(random);
    if (below(random, 4) == 0) return;
    /* The OPT record of the seeds stands last: root, type 41, eight octets, then its length. */
    for (size_t at = start; at-- > 12;) {
        if (at + 11 <= start && memcmp(query->octets + at, "\0\0\51", 3) == 0) {
            put_number(query->octets + at + 9, (uint16_t)(query->length - at - 11));
            return;
        }
    }
}

static void mutate_once(struct random *random, const struct seeds *seeds, struct query *query) {
    if (query->length < 2) return insert(random, query, 0);
    /* Half of what is changed in place is in the header and the question, where most of the decisions are. */
    size_t span = below(random, 2) && query->length > 32 ? 32 : query->length;
    size_t at = below(random, (uint32_t)span);
    switch (below(random, 11)) {
    case 0: case 1: query->octets[at] ^= (uint8_t)(1 << below(random, 8)); break;
    case 2: query->octets[at] = (uint8_t)next_random(random); break;
    case 3: query->octets[at] = (uint8_t)telling(random); break;
    case 4: if (at + 1 < query->length) put_number(query->octets + at, telling(random)); break;
    case 5: query->length = at; break;
    case 6: insert(random, query, at); break;
    case 7: splice(random, seeds, query); break;
    case 8: repeat(random, query, at); break;
    case 9: { /* Some octets less. */
        size_t count = 1 + below(random, 8);
        if (count > query->length - at) count = query->length - at;
        memmove(query->octets + at, query->octets + at + count, query->length - at - count);
        query->length -= count;
        break;
    }
    default: add_option(random, query);
    }
}

void mutate(struct random *random, const struct seeds *seeds, uint16_t id, struct query *query) {
    const struct query *seed = &seeds->queries[below(random, (uint32_t)seeds->count)];
    query->length = seed->length;
    memcpy(query->octets, seed->octets, seed->length);
    if (below(random, 10)) {
        for (unsigned left = 1 + below(random, 4); left > 0; left--) mutate_once(random, seeds, query);
    }
    if (query->length >= 2) put_number(query->octets, id);
}

bool has_answer(const struct query *query) { return query->length >= 12 && (query->octets[2] & 0x80) == 0; }

/* The offset after a name; 0 if it is cut off or no name. */
static size_t after_name(const struct query *query, size_t at) {
    while (at < query->length) {
        uint8_t length = query->octets[at];
        if (length >= 0xc0) return at + 2;
        if (length > 63) return 0;
        at += 1 + (size_t)length;
        if (length == 0) return at;
    }
    return 0;
}

size_t allowed(const struct query *query) {
    if (query->length < 12) return 0;
    size_t at = 12;
    for (unsigned left = number(query->octets + 4); left > 0; left--) {
        at = after_name(query, at);
        if (at == 0 || (at += 4) > query->length) return 512;
    }
    unsigned plain = number(query->octets + 6) + number(query->octets + 8), all = plain + number(query->octets + 10);
    for (unsigned index = 0; index < all; index++) {
        at = after_name(query, at);
        if (at == 0 || at + 10 > query->length) return 512;
        if (index >= plain && number(query->octets + at) == 41) {
            size_t size = number(query->octets + at + 2);
            return size < 512 ? 512 : size > 1232 ? 1232 : size;
        }
        at += 10 + (size_t)number(query->octets + at + 8);
        if (at > query->length) return 512;
    }
    return 512;
}
