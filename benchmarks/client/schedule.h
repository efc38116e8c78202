/* A rate: `batch` messages on `topics` topics in turn, every `interval_ns`. Both the load and the
 * floor keep to it: what is late is sent late, with the time at which it was due as its stamp. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/timerfd.h>

#include "tally.h"

struct schedule {
    unsigned topics, batch;
    uint64_t interval_ns; /* 0: nothing is sent */
    uint64_t due_ns;      /* the next batch */
    uint64_t count;       /* of messages sent so far */
    int fd;               /* a timer that can be read when a batch is due */
};

/* "rate TOPICS BATCH INTERVAL_US"; false: the line is another. */
static inline bool schedule_read(struct schedule *schedule, const char *line)
{
    unsigned topics, batch;
    unsigned long long interval_us;
    if (sscanf(line, "rate %u %u %llu", &topics, &batch, &interval_us) != 3)
        return false;
    schedule->topics = topics;
    schedule->batch = batch;
    schedule->interval_ns = interval_us * 1000;
    schedule->due_ns = now_ns() + schedule->interval_ns;
    struct itimerspec timer = {0};
    if (interval_us) {
        timer.it_value.tv_sec = (time_t)(schedule->due_ns / 1000000000);
        timer.it_value.tv_nsec = (long)(schedule->due_ns % 1000000000);
        timer.it_interval.tv_sec = (time_t)(interval_us / 1000000);
        timer.it_interval.tv_nsec = (long)(interval_us % 1000000 * 1000);
    }
    timerfd_settime(schedule->fd, TFD_TIMER_ABSTIME, &timer, NULL);
    return true;
}

static inline bool schedule_due(const struct schedule *schedule)
{
    return schedule->interval_ns && now_ns() >= schedule->due_ns;
}

#endif
