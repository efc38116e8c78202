#define _GNU_SOURCE
#include "inject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

enum { AT_ONCE = 4, FEED_BATCH = 1000, MESSAGE_ROOM = 512 };

static char *room(struct injector *injector, size_t size)
{
    if (injector->out_sent == injector->out_size)
        injector->out_sent = injector->out_size = 0;
    if (injector->out_size + size > injector->out_room) {
        injector->out_room = 2 * (injector->out_size + size);
        injector->out = realloc(injector->out, injector->out_room);
    }
    return injector->out + injector->out_size;
}

/* NATS is greeted first; its own greeting may come later. */
static void greet(struct injector *injector)
{
    static const char words[] = "CONNECT {\"verbose\":false}\r\n";
    if (injector->broker != NATS || injector->greeted)
        return;
    injector->greeted = true;
    memcpy(room(injector, sizeof words), words, sizeof words - 1);
    injector->out_size += sizeof words - 1;
}

static void flush(struct injector *injector)
{
    while (injector->out_sent < injector->out_size) {
        ssize_t sent = write(injector->fd, injector->out + injector->out_sent,
                             injector->out_size - injector->out_sent);
        if (sent < 0) {
            if (errno != EAGAIN)
                perror("load: cannot inject");
            return;
        }
        injector->out_sent += (size_t)sent;
    }
}

static unsigned next_topic(const struct schedule *schedule)
{
    return (unsigned)(schedule->count % schedule->topics);
}

static void feed_request(struct injector *injector, unsigned count)
{
    static char body[FEED_BATCH * MESSAGE_ROOM];
    struct schedule *schedule = &injector->schedule;
    char *at = body;
    for (unsigned i = 0; i < count; i++, schedule->count++) {
        at += sprintf(at, "%c{\"topic\":\"price:T%04u\",\"set\":", i ? ',' : '[',
                      next_topic(schedule));
        at += write_set(at, MESSAGE_ROOM, schedule->count, schedule->due_ns);
        *at++ = '}';
    }
    *at++ = ']';
    size_t size = (size_t)(at - body);
    char *out = room(injector, size + MESSAGE_ROOM);
    int head = sprintf(out,
                       "POST /admin/inject HTTP/1.1\r\nHost: localhost\r\n"
                       "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       injector->token, size);
    memcpy(out + head, body, size);
    injector->out_size += (size_t)head + size;
    injector->waiting++;
}

static void message_request(struct injector *injector)
{
    struct schedule *schedule = &injector->schedule;
    char message[MESSAGE_ROOM];
    unsigned topic = next_topic(schedule);
    int size = write_message(message, sizeof message, topic, schedule->count++, schedule->due_ns);
    char *out = room(injector, 2 * MESSAGE_ROOM);
    if (injector->broker == NATS) {
        injector->out_size += (size_t)sprintf(out, "PUB T%04u %d\r\n%s\r\n", topic, size, message);
    } else {
        injector->out_size += (size_t)sprintf(
            out, "POST /pub?id=T%04u HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
            topic, size, message);
        injector->waiting++;
    }
}

void inject_due(struct injector *injector)
{
    struct schedule *schedule = &injector->schedule;
    unsigned most = injector->broker == NCHAN ? AT_ONCE * schedule->batch : AT_ONCE;
    while (schedule_due(schedule) && injector->waiting < most &&
           injector->out_sent == injector->out_size) {
        for (unsigned left = schedule->batch; left > 0;) {
            unsigned count = injector->broker == FEED && left > FEED_BATCH ? FEED_BATCH : left;
            if (injector->broker == FEED)
                feed_request(injector, count);
            else
                for (unsigned i = 0; i < count; i++)
                    message_request(injector);
            left -= count;
        }
        schedule->due_ns += schedule->interval_ns;
        flush(injector);
    }
}

/* Answers are told by their first line alone. */
static void take_answers(struct injector *injector, char *data)
{
    for (char *at = data; (at = strstr(at, "HTTP/1.1 ")); at += 9) {
        if (injector->waiting)
            injector->waiting--;
        if (at[9] == '2') {
            injector->answered++;
        } else if (!injector->refused++) {
            fprintf(stderr, "load: a change was refused: %.300s\n", at);
        }
    }
}

void inject_ready(struct injector *injector)
{
    static char data[1 << 18];
    greet(injector);
    ssize_t size = read(injector->fd, data, sizeof data - 1);
    if (size > 0) {
        data[size] = 0;
        take_answers(injector, data);
    }
    flush(injector);
}
