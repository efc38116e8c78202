/* The floor: what no server can do without. It takes WebSocket connections with the least of a
 * handshake, and then only writes frames that it has built once for all who want the same.
 *
 *   floor [--batched]
 *
 * One write a message, or with --batched one write for all that a connection gets of a burst.
 * Subscribers name their topics in the path: /?topics=T0001,T0002. Those with the same topics are
 * one group, with one buffer. On stdout the port; on stdin "rate TOPICS BATCH INTERVAL_US", and its
 * end ends the program. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../client/message.h"
#include "../client/schedule.h"

enum { EVENTS = 256, REQUEST = 65536, TOPICS = 10000, HEAD = 4, OWED_MOST = 1 << 20 };

static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n\r\n";

struct group {
    char *topics;
    struct connection *members;
    unsigned size;
    char *burst;
    size_t burst_size, burst_room;
    struct group *next;
};

struct connection {
    int fd;
    bool open;
    struct group *group;
    struct connection *next;
    char *owed; /* what the kernel did not take */
    size_t owed_size;
};

static struct schedule schedule;
static struct group *groups;
static struct group **wanting[TOPICS]; /* by topic: the groups that want it, and their number */
static unsigned wanting_size[TOPICS];
static struct group **dirty;
static unsigned group_count, dirty_size;
static int poller, listener;
static bool batched;

static void watch(struct connection *connection, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(poller, how, connection->fd, &event);
}

static void owe(struct connection *connection, const char *data, size_t size)
{
    if (connection->owed_size + size > OWED_MOST)
        return; /* it does not read: no server need keep more for it */
    connection->owed = realloc(connection->owed, connection->owed_size + size);
    memcpy(connection->owed + connection->owed_size, data, size);
    if (connection->owed_size == 0)
        watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    connection->owed_size += size;
}

static void send_group(const struct group *group, const char *data, size_t size)
{
    for (struct connection *member = group->members; member; member = member->next) {
        if (member->owed_size) {
            owe(member, data, size);
            continue;
        }
        ssize_t sent = write(member->fd, data, size);
        if (sent < 0 && errno != EAGAIN)
            continue;
        if (sent < (ssize_t)size)
            owe(member, data + (sent > 0 ? sent : 0), size - (size_t)(sent > 0 ? sent : 0));
    }
}

static void settle(struct connection *connection)
{
    ssize_t sent = write(connection->fd, connection->owed, connection->owed_size);
    if (sent <= 0)
        return;
    connection->owed_size -= (size_t)sent;
    memmove(connection->owed, connection->owed + sent, connection->owed_size);
    if (connection->owed_size == 0)
        watch(connection, EPOLLIN, EPOLL_CTL_MOD);
}

static void gather(struct group *group, const char *frame, size_t size)
{
    if (group->burst_size == 0)
        dirty[dirty_size++] = group;
    if (group->burst_size + size > group->burst_room) {
        group->burst_room = 2 * (group->burst_size + size);
        group->burst = realloc(group->burst, group->burst_room);
    }
    memcpy(group->burst + group->burst_size, frame, size);
    group->burst_size += size;
}

static void send_burst(void)
{
    for (unsigned i = 0; i < schedule.batch; i++) {
        char frame[HEAD + 256];
        unsigned topic = (unsigned)(schedule.count % schedule.topics);
        int size = write_message(frame + HEAD, sizeof frame - HEAD, topic, schedule.count++,
                                 schedule.due_ns);
        frame[0] = (char)0x81;
        frame[1] = 126;
        frame[2] = (char)(size >> 8);
        frame[3] = (char)size;
        for (unsigned j = 0; j < wanting_size[topic]; j++) {
            if (batched)
                gather(wanting[topic][j], frame, (size_t)size + HEAD);
            else
                send_group(wanting[topic][j], frame, (size_t)size + HEAD);
        }
    }
    while (dirty_size) {
        struct group *group = dirty[--dirty_size];
        send_group(group, group->burst, group->burst_size);
        group->burst_size = 0;
    }
    schedule.due_ns += schedule.interval_ns;
}

static struct group *group_of(const char *topics)
{
    for (struct group *group = groups; group; group = group->next)
        if (!strcmp(group->topics, topics))
            return group;
    struct group *group = calloc(1, sizeof *group);
    *group = (struct group){.topics = strdup(topics), .next = groups};
    groups = group;
    dirty = realloc(dirty, ++group_count * sizeof *dirty);
    for (const char *at = strchr(topics, 'T'); at; at = strchr(at + 1, 'T')) {
        unsigned topic = (unsigned)atoi(at + 1) % TOPICS;
        unsigned size = ++wanting_size[topic];
        wanting[topic] = realloc(wanting[topic], size * sizeof group);
        wanting[topic][size - 1] = group;
    }
    return group;
}

static void shake_hands(struct connection *connection)
{
    static char request[REQUEST];
    ssize_t size = read(connection->fd, request, sizeof request - 1);
    if (size <= 0 || connection->open) {
        if (size <= 0)
            epoll_ctl(poller, EPOLL_CTL_DEL, connection->fd, NULL);
        return;
    }
    request[size] = 0; /* the load sends its request in one piece */
    char *topics = strstr(request, "?topics=");
    char *end = topics ? strchr(topics, ' ') : NULL;
    if (!end)
        return;
    *end = 0;
    connection->open = true;
    connection->group = group_of(topics + 8);
    connection->next = connection->group->members;
    connection->group->members = connection;
    (void)!write(connection->fd, ANSWER, sizeof ANSWER - 1);
}

static void accept_all(void)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct connection *connection = calloc(1, sizeof *connection);
        connection->fd = fd;
        watch(connection, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void obey(void)
{
    char line[200];
    ssize_t size = read(0, line, sizeof line - 1);
    if (size <= 0)
        exit(0);
    line[size] = 0;
    schedule_read(&schedule, line);
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096))
        return -1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
    batched = argc > 1 && !strcmp(argv[1], "--batched");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    schedule.fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    printf("port %d\n", listen_somewhere());
    fflush(stdout);
    struct connection own[3] = {{.fd = 0}, {.fd = listener}, {.fd = schedule.fd}};
    for (int i = 0; i < 3; i++)
        watch(&own[i], EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == &own[0])
                obey();
            else if (connection == &own[1])
                accept_all();
            else if (connection == &own[2])
                (void)!read(schedule.fd, &(uint64_t){0}, 8);
            else if (events[i].events & EPOLLOUT)
                settle(connection);
            else
                shake_hands(connection);
        }
        if (schedule_due(&schedule))
            send_burst();
    }
}
