/* What arrived since the last mark: bytes, frames, deliveries, and how late they were. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every message holds the time at which it was due as "t":"<16 digits, µs since 1970>|". The bar
 * stands nowhere else in what a server sends, so that deliveries are counted by counting bars. */
#define STAMP_BEFORE "\"t\":\""
#define STAMP_DIGITS 16
#define STAMP_AFTER '|'
#define STAMP_NONE 'n' /* instead of the first digit, where that time is not known */

struct tally {
    uint64_t since_ns, bytes, reads, frames, deliveries;
    uint64_t sampled, slowest_us;
    uint32_t *by_10us; /* how many of the sampled ones were so late */
};

uint64_t now_ns(void); /* since 1970: the one clock that every runtime has */
void tally_reset(struct tally *tally);
/* Payload as it came, in pieces of any size. `sampled`: the stamps in it are read as well, but for
 * those that are cut in two. */
void tally_payload(struct tally *tally, const uint8_t *data, size_t size, bool sampled);
/* Milliseconds that so many of a thousand of the sampled ones took at the most. */
double tally_ms(const struct tally *tally, int per_thousand);

#endif
