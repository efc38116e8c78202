#define _GNU_SOURCE
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTINUATION, TEXT, BINARY, CLOSE = 8, PING, PONG };
enum { INFLATED = 1 << 18 };

static void send_all(struct stream *stream, const void *data, size_t size)
{
    if (write(stream->fd, data, size) != (ssize_t)size)
        stream->phase = CLOSED; /* these are small: who does not take them takes nothing */
}

/* Masked with zeros: RFC 6455 asks for a mask, and this one costs nothing. */
static void send_frame(struct stream *stream, int opcode, const void *payload, size_t size)
{
    uint8_t frame[8 + 65536] = {(uint8_t)(0x80 | opcode)};
    size_t head = 2;
    if (size < 126) {
        frame[1] = (uint8_t)(0x80 | size);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (uint8_t)(size >> 8);
        frame[3] = (uint8_t)size;
        head = 4;
    }
    memcpy(frame + head + 4, payload, size);
    send_all(stream, frame, head + 4 + size);
}

static void send_request(struct stream *stream, const struct manner *manner, const char *cursor)
{
    char request[70000];
    int size = snprintf(request, sizeof request, "GET %s%s%s HTTP/1.1\r\nHost: localhost\r\n",
                        stream->path, *cursor ? "&cursor=" : "", cursor);
    if (manner->door == WS)
        size += snprintf(request + size, sizeof request - (size_t)size,
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s",
                         manner->deflate
                             ? "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                             : "");
    size += snprintf(request + size, sizeof request - (size_t)size, "\r\n");
    send_all(stream, request, (size_t)size);
}

void stream_open(struct stream *stream, const struct manner *manner)
{
    send_request(stream, manner, "");
}

/* Whether `wanted`, which does not begin anew within itself, has come in the pieces so far. */
static bool came(struct stream *stream, const char *wanted, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size && wanted[stream->matched]; i++) {
        if (data[i] != (uint8_t)wanted[stream->matched])
            stream->matched = 0;
        if (data[i] == (uint8_t)wanted[stream->matched])
            stream->matched++;
    }
    return !wanted[stream->matched];
}

static void take_payload(struct stream *stream, const struct manner *manner, const uint8_t *data,
                         size_t size)
{
    if (stream->phase == ANSWERED && came(stream, manner->ready, data, size))
        stream->phase = READY;
    tally_payload(manner->tally, data, size, stream->sampled);
}

static void inflate_payload(struct stream *stream, const struct manner *manner,
                            const uint8_t *data, size_t size)
{
    static uint8_t out[INFLATED];
    z_stream *inflater = stream->inflater;
    inflater->next_in = (uint8_t *)(uintptr_t)data;
    inflater->avail_in = (unsigned)size;
    do {
        inflater->next_out = out;
        inflater->avail_out = sizeof out;
        int result = inflate(inflater, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR) {
            fprintf(stderr, "load: cannot inflate: %d\n", result);
            stream->phase = CLOSED;
            return;
        }
        take_payload(stream, manner, out, sizeof out - inflater->avail_out);
    } while (inflater->avail_in || inflater->avail_out == 0);
}

static void end_frame(struct stream *stream, const struct manner *manner)
{
    int opcode = stream->head[0] & 0x0f;
    bool last = stream->head[0] & 0x80;
    if (opcode == PING) {
        send_frame(stream, PONG, stream->control, stream->size);
    } else if (opcode == CLOSE) {
        fprintf(stderr, "load: closed by the server with %d\n",
                stream->size < 2 ? 0 : stream->control[0] << 8 | stream->control[1]);
        stream->phase = CLOSED;
    } else if (opcode < CLOSE) {
        if (last)
            manner->tally->frames++;
        if (last && stream->compressed)
            inflate_payload(stream, manner, (const uint8_t *)"\0\0\xff\xff", 4);
        if (stream->size == 1 && stream->control[0] == '2')
            send_frame(stream, TEXT, "3", 1); /* Engine.IO's ping and pong */
    }
    stream->head_size = 0;
}

static size_t head_bytes(const struct stream *stream)
{
    if (stream->head_size < 2)
        return 2;
    int length = stream->head[1] & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static void begin_frame(struct stream *stream)
{
    size_t head = head_bytes(stream);
    stream->size = head == 2 ? stream->head[1] & 0x7f : 0;
    for (size_t i = 2; i < head; i++)
        stream->size = stream->size << 8 | stream->head[i];
    stream->left = stream->size;
    int opcode = stream->head[0] & 0x0f;
    if (opcode == TEXT || opcode == BINARY)
        stream->compressed = stream->head[0] & 0x40;
}

static void take_frames(struct stream *stream, const struct manner *manner, const uint8_t *data,
                        size_t size)
{
    while (stream->phase != CLOSED) {
        while (size && stream->head_size < head_bytes(stream)) {
            stream->head[stream->head_size++] = *data++;
            size--;
            if (stream->head_size == head_bytes(stream))
                begin_frame(stream);
        }
        if (stream->head_size < head_bytes(stream))
            return;
        size_t piece = size < stream->left ? size : (size_t)stream->left;
        int opcode = stream->head[0] & 0x0f;
        if (stream->size <= sizeof stream->control)
            memcpy(stream->control + (stream->size - stream->left), data, piece);
        if (piece && opcode < CLOSE) {
            if (stream->compressed)
                inflate_payload(stream, manner, data, piece);
            else
                take_payload(stream, manner, data, piece);
        }
        data += piece;
        size -= piece;
        stream->left -= piece;
        if (stream->left)
            return;
        end_frame(stream, manner);
    }
}

static void gather(struct stream *stream, const uint8_t *data, size_t size)
{
    if (stream->text_size + size + 1 > stream->text_room) {
        stream->text_room = (uint32_t)(2 * (stream->text_size + size) + 1024);
        stream->text = realloc(stream->text, stream->text_room);
    }
    memcpy(stream->text + stream->text_size, data, size);
    stream->text_size += (uint32_t)size;
    stream->text[stream->text_size] = 0;
}

/* The length of the header that was gathered; 0: it is not whole. */
static size_t header_size(struct stream *stream)
{
    char *end = memmem(stream->text, stream->text_size, "\r\n\r\n", 4);
    return end ? (size_t)(end - stream->text) + 4 : 0;
}

static bool accepted(struct stream *stream, const struct manner *manner)
{
    const char *wanted = manner->door == WS ? "HTTP/1.1 101" : "HTTP/1.1 200";
    if (!strncmp(stream->text, wanted, strlen(wanted)))
        return true;
    fprintf(stderr, "load: refused: %.200s\n", stream->text);
    stream->phase = CLOSED;
    return false;
}

static void begin_stream(struct stream *stream, const struct manner *manner)
{
    stream->phase = *manner->ready ? ANSWERED : READY;
    if (manner->deflate && strcasestr(stream->text, "permessage-deflate")) {
        stream->inflater = calloc(1, sizeof *stream->inflater);
        inflateInit2(stream->inflater, -15);
    }
    if (stream->hello)
        send_frame(stream, TEXT, stream->hello, strlen(stream->hello));
}

/* Whole answers, each with the cursor to ask the next with. */
static void take_answers(struct stream *stream, const struct manner *manner, const uint8_t *data,
                         size_t size)
{
    gather(stream, data, size);
    size_t head = header_size(stream);
    if (!head || !accepted(stream, manner))
        return;
    char *length = strcasestr(stream->text, "\r\nContent-Length:");
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
    if (stream->text_size < head + body)
        return;
    manner->tally->frames++;
    tally_payload(manner->tally, (uint8_t *)stream->text + head, body, stream->sampled);
    char cursor[200] = "";
    char *found = strstr(stream->text + head, "\"cursor\":\"");
    if (found)
        sscanf(found + 10, "%199[^\"]", cursor);
    stream->phase = READY;
    stream->text_size = 0;
    send_request(stream, manner, cursor);
}

void stream_take(struct stream *stream, const struct manner *manner, const uint8_t *data,
                 size_t size)
{
    manner->tally->bytes += size;
    manner->tally->reads++;
    if (manner->door == POLL) {
        take_answers(stream, manner, data, size);
        return;
    }
    if (stream->phase == CONNECTING) {
        gather(stream, data, size);
        size_t head = header_size(stream);
        if (!head || !accepted(stream, manner))
            return;
        begin_stream(stream, manner);
        size = stream->text_size - head;
        data = (const uint8_t *)stream->text + head;
    }
    if (manner->door == WS)
        take_frames(stream, manner, data, size);
    else
        take_payload(stream, manner, data, size);
}

void stream_close(struct stream *stream)
{
    close(stream->fd);
    stream->phase = CLOSED;
    free(stream->text);
    stream->text = NULL;
    if (stream->inflater)
        inflateEnd(stream->inflater);
    free(stream->inflater);
    stream->inflater = NULL;
}
