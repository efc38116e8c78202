/* The changes that a load sends by itself, to a server that does not make its own. */
#ifndef INJECT_H
#define INJECT_H

#include "schedule.h"

enum broker { NONE, FEED, NATS, NCHAN };

struct injector {
    enum broker broker;
    int fd;
    bool greeted;
    const char *token;
    struct schedule schedule;
    unsigned waiting; /* requests without an answer */
    uint64_t answered, refused;
    char *out; /* what the kernel has not taken yet */
    size_t out_size, out_sent, out_room;
};

/* Send what is due, as far as the server keeps up with answering. */
void inject_due(struct injector *injector);
/* Something can be read, or written again. */
void inject_ready(struct injector *injector);

#endif
