/* The message that everybody sends: a price of 150 bytes, as the feed's `items` hold it. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdint.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 150 };

/* The `set` of the n-th change: prices that stay within a few units, so that the highest and the
 * lowest of the day, which the feed would add, are soon known. */
static inline int write_set(char *out, size_t size, uint64_t n, uint64_t due_ns)
{
    unsigned cents = 19000 + (unsigned)(n * 7919 % 997);
    return snprintf(out, size,
                    "{\"price\":\"%u.%02u\",\"bid\":\"%u.%02u\",\"ask\":\"%u.%02u\","
                    "\"t\":\"%016llu|\",\"size\":\"%04u.5000\"}",
                    cents / 100, cents % 100, (cents - 1) / 100, (cents - 1) % 100,
                    (cents + 1) / 100, (cents + 1) % 100, (unsigned long long)(due_ns / 1000),
                    (unsigned)(1000 + n % 9000));
}

static inline int write_message(char *out, size_t size, unsigned topic, uint64_t n,
                                uint64_t due_ns)
{
    int length = snprintf(out, size, "{\"topic\":\"price:T%04u\",\"v\":%u,\"ts\":1790000000000,\"set\":",
                          topic, (unsigned)(10000 + n % 90000));
    length += write_set(out + length, size - (size_t)length, n, due_ns);
    out[length++] = '}';
    out[length] = 0;
    return length;
}

#endif
