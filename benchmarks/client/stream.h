/* One connection of the load: a WebSocket, a stream over HTTP, or one poll after another. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "tally.h"

enum door { WS, SSE, POLL };

/* What all connections have in common. `ready`: what a server has said once a subscription is in
 * force, "" for the answer to the handshake itself. */
struct manner {
    enum door door;
    bool deflate;
    const char *ready;
    struct tally *tally;
};

enum phase { CONNECTING, ANSWERED, READY, CLOSED };

struct stream {
    int fd;
    enum phase phase;
    bool sampled, silent, compressed;
    const char *path, *hello; /* `hello`: a message to send once the WebSocket is open, or NULL */
    uint8_t matched;          /* how much of `ready`, or of the end of the header, was seen last */
    uint8_t head[14], head_size, control[125];
    uint64_t left, size; /* of the frame's payload */
    z_stream *inflater;
    char *text; /* of an answer over HTTP */
    uint32_t text_size, text_room, body_size;
};

/* Send the request; the connection is made. */
void stream_open(struct stream *stream, const struct manner *manner);
/* Take in what was read. Sets `phase`. */
void stream_take(struct stream *stream, const struct manner *manner, const uint8_t *data,
                 size_t size);
void stream_close(struct stream *stream);

#endif
