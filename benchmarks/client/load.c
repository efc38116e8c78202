/* The load of the benchmarks: subscribes on many connections, reads all that comes, counts it.
 *
 *   load --port N --plan FILE [--door ws|sse|poll] [--deflate] [--ready TEXT] [--silent]
 *        [--in-flight N] [--timeout S] [--inject feed|nats|nchan --inject-port N]
 *
 * A line of the plan is one connection: its path and, after a tab, what it says once it is open
 * (\r and \n written so). --silent: every tenth reads nothing once it is subscribed. The token of
 * the feed's admin is read from FEED_ADMIN_TOKEN. On stdin: "rate TOPICS BATCH INTERVAL_US" and
 * "mark"; its end ends the program. On stdout: a line of JSON when all are subscribed, and one for
 * each mark, of what came since the last; it waits for a lull, so that it cuts no burst in two. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "inject.h"
#include "stream.h"

enum { SAMPLED = 20, SILENT_EVERY = 10, SILENT_BUFFER = 4096, READ_BYTES = 1 << 18, EVENTS = 256 };
enum { LULL_MS = 10, LULL_WITHIN_MS = 200 };

static struct tally tally;
static struct manner manner = {.door = WS, .ready = "", .tally = &tally};
static struct injector injector = {.fd = -1};
static struct stream *streams;
static unsigned total, started, ready, closed, in_flight = 500, timeout_s = 60;
static int port, inject_port, poller;
static bool silent, told;
static uint64_t started_ns, mark_by_ns; /* a mark is wanted, and at the latest then */

static int dial(int to, int receive_buffer)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        perror("load: cannot connect");
        exit(1);
    }
    return fd;
}

static void watch(int fd, uint32_t events, void *whom, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = whom};
    epoll_ctl(poller, how, fd, &event);
}

static char *unescape(char *text)
{
    char *to = text;
    for (char *from = text; *from; from++) {
        if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n'))
            *to++ = *++from == 'r' ? '\r' : '\n';
        else
            *to++ = *from;
    }
    *to = 0;
    return text;
}

static void read_plan(const char *name)
{
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    if (!file) {
        perror("load: cannot read the plan");
        exit(1);
    }
    while ((length = getline(&line, &size, file)) > 0) {
        line[length - 1] = 0;
        char *path = strdup(line);
        char *tab = strchr(path, '\t');
        if (tab)
            *tab++ = 0;
        streams = realloc(streams, (total + 1) * sizeof *streams);
        streams[total++] = (struct stream){.path = path, .hello = tab ? unescape(tab) : NULL};
    }
    unsigned every = total < SAMPLED ? 1 : total / SAMPLED;
    for (unsigned i = 0; i < total; i++) {
        streams[i].silent = silent && i % SILENT_EVERY == 0;
        streams[i].sampled = i % every == (every / 2 | 1) % every && !streams[i].silent;
    }
}

static void start_some(void)
{
    while (started < total && started - ready - closed < in_flight) {
        struct stream *stream = &streams[started++];
        stream->fd = dial(port, stream->silent ? SILENT_BUFFER : 0);
        watch(stream->fd, EPOLLOUT, stream, EPOLL_CTL_ADD);
    }
}

static void tell_ready(void)
{
    if (told || (ready + closed < total && now_ns() - started_ns < timeout_s * 1000000000ull))
        return;
    told = true;
    printf("{\"ready\":%u,\"failed\":%u,\"seconds\":%.4f,\"deliveries\":%lu,\"bytes\":%lu}\n",
           ready, total - ready, (double)(now_ns() - started_ns) / 1e9, tally.deliveries,
           tally.bytes);
}

static void serve(struct stream *stream, uint32_t events)
{
    static uint8_t data[READ_BYTES];
    if (stream->phase == CLOSED)
        return;
    if (events & EPOLLOUT) {
        watch(stream->fd, EPOLLIN, stream, EPOLL_CTL_MOD);
        stream_open(stream, &manner);
        return;
    }
    enum phase before = stream->phase;
    ssize_t size = read(stream->fd, data, sizeof data);
    if (size > 0)
        stream_take(stream, &manner, data, (size_t)size);
    if (size == 0 || (size < 0 && errno != EAGAIN))
        stream->phase = CLOSED;
    if (before != READY && stream->phase == READY) {
        ready++;
        if (stream->silent)
            watch(stream->fd, 0, stream, EPOLL_CTL_DEL);
    }
    if (stream->phase == CLOSED) {
        stream_close(stream);
        ready -= before == READY;
        closed++;
    }
}

static void tell_mark(void)
{
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("{\"seconds\":%.6f,\"bytes\":%lu,\"reads\":%lu,\"frames\":%lu,\"deliveries\":%lu,"
           "\"sampled\":%lu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"closed\":%u,"
           "\"sent\":%lu,\"answered\":%lu,\"refused\":%lu,\"cpu_s\":%.4f}\n",
           (double)(now_ns() - tally.since_ns) / 1e9, tally.bytes, tally.reads, tally.frames,
           tally.deliveries, tally.sampled, tally_ms(&tally, 500), tally_ms(&tally, 990),
           (double)tally.slowest_us / 1000, closed, injector.schedule.count, injector.answered,
           injector.refused, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
    tally_reset(&tally);
    mark_by_ns = 0;
}

static void obey(void)
{
    static char lines[4096];
    static size_t size;
    ssize_t more = read(0, lines + size, sizeof lines - 1 - size);
    if (more <= 0)
        exit(0);
    size += (size_t)more;
    lines[size] = 0;
    char *line = lines;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if (!strcmp(line, "mark"))
            mark_by_ns = now_ns() + LULL_WITHIN_MS * 1000000ull;
        else if (!schedule_read(&injector.schedule, line))
            fprintf(stderr, "load: what is %s?\n", line);
    }
    size = strlen(line);
    memmove(lines, line, size + 1);
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", 1, 0, 'p'},      {"plan", 1, 0, 'f'},    {"door", 1, 0, 'd'},
        {"deflate", 0, 0, 'z'},   {"ready", 1, 0, 'r'},   {"silent", 0, 0, 's'},
        {"in-flight", 1, 0, 'i'}, {"timeout", 1, 0, 't'}, {"inject", 1, 0, 'j'},
        {"inject-port", 1, 0, 'q'}, {0}};
    const char *plan = "";
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (name) {
        case 'p': port = atoi(optarg); break;
        case 'f': plan = optarg; break;
        case 'd': manner.door = *optarg == 'w' ? WS : *optarg == 's' ? SSE : POLL; break;
        case 'z': manner.deflate = true; break;
        case 'r': manner.ready = optarg; break;
        case 's': silent = true; break;
        case 'i': in_flight = (unsigned)atoi(optarg); break;
        case 't': timeout_s = (unsigned)atoi(optarg); break;
        case 'j':
            injector.broker = *optarg == 'f' ? FEED : optarg[1] == 'a' ? NATS : NCHAN;
            break;
        case 'q': inject_port = atoi(optarg); break;
        default: exit(2);
        }
    }
    read_plan(plan);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    tally_reset(&tally);
    injector.token = getenv("FEED_ADMIN_TOKEN");
    injector.schedule.fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    watch(injector.schedule.fd, EPOLLIN, &injector.schedule, EPOLL_CTL_ADD);
    watch(0, EPOLLIN, &poller, EPOLL_CTL_ADD);
    if (injector.broker) {
        injector.fd = dial(inject_port ? inject_port : port, 0);
        watch(injector.fd, EPOLLIN | EPOLLOUT | EPOLLET, &injector, EPOLL_CTL_ADD);
    }
    started_ns = now_ns();
    for (;;) {
        struct epoll_event events[EVENTS];
        start_some();
        tell_ready();
        int count = epoll_wait(poller, events, EVENTS, mark_by_ns ? LULL_MS : told ? -1 : 100);
        if (mark_by_ns && (count == 0 || now_ns() > mark_by_ns))
            tell_mark();
        for (int i = 0; i < count; i++) {
            void *whom = events[i].data.ptr;
            if (whom == &poller)
                obey();
            else if (whom == &injector)
                inject_ready(&injector);
            else if (whom == &injector.schedule)
                (void)!read(injector.schedule.fd, &(uint64_t){0}, 8);
            else
                serve(whom, events[i].events);
            if (schedule_due(&injector.schedule))
                inject_due(&injector);
        }
    }
}
