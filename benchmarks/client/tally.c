#define _GNU_SOURCE
#include "tally.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUCKETS = 3000000, BUCKET_US = 10 };

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void tally_reset(struct tally *tally)
{
    free(tally->by_10us);
    *tally = (struct tally){.since_ns = now_ns(), .by_10us = calloc(BUCKETS, sizeof(uint32_t))};
}

/* Blocks short enough for a counter of 16 bits, which the compiler makes vectors of. */
static uint64_t count_bars(const uint8_t *data, size_t size)
{
    uint64_t total = 0;
    while (size > 0) {
        size_t block = size < 32768 ? size : 32768;
        uint16_t found = 0;
        for (size_t i = 0; i < block; i++)
            found += data[i] == STAMP_AFTER;
        total += found;
        data += block;
        size -= block;
    }
    return total;
}

static void note(struct tally *tally, uint64_t late_us)
{
    uint64_t bucket = late_us / BUCKET_US;
    tally->by_10us[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    tally->sampled++;
    if (late_us > tally->slowest_us)
        tally->slowest_us = late_us;
}

static void read_stamps(struct tally *tally, const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    const size_t before = sizeof STAMP_BEFORE - 1;
    uint64_t now = now_ns() / 1000;
    while ((data = memmem(data, (size_t)(end - data), STAMP_BEFORE, before))) {
        data += before;
        if (end - data <= STAMP_DIGITS)
            return;
        uint64_t sent = 0;
        for (int i = 0; i < STAMP_DIGITS; i++)
            sent = sent * 10 + (uint64_t)(data[i] - '0');
        if (data[STAMP_DIGITS] == STAMP_AFTER && data[0] != STAMP_NONE)
            note(tally, now > sent ? now - sent : 0);
    }
}

void tally_payload(struct tally *tally, const uint8_t *data, size_t size, bool sampled)
{
    tally->deliveries += count_bars(data, size);
    if (sampled)
        read_stamps(tally, data, size);
}

double tally_ms(const struct tally *tally, int per_thousand)
{
    uint64_t wanted = (tally->sampled * (uint64_t)per_thousand + 999) / 1000;
    uint64_t seen = 0;
    for (int i = 0; i < BUCKETS && tally->sampled; i++) {
        seen += tally->by_10us[i];
        if (seen >= wanted)
            return (i + 1) * BUCKET_US / 1000.0;
    }
    return 0;
}
