/*
 * The newest events of a job as they go over the wire, bounded in number and bytes, read by any number of
 * streams each with its own cursor. A reader that fell behind the oldest kept event is told so by a `reset`
 * event and goes on from there: its client reads the job anew.
 */
#ifndef HTTP_EVENT_RING_H
#define HTTP_EVENT_RING_H

#include "proto/record.h"
#include "proto/text.h"

#define EVENT_RING_EVENTS 1024
#define EVENT_RING_BYTES  ((size_t)1 << 20)

typedef struct event_slot {
    uint64_t sequence;
    char *text;
    size_t n;
    bool last; /* "done" */
} event_slot;

typedef struct event_ring {
    event_slot *slots; /* (EVENT_RING_EVENTS), NULL until the first push */
    size_t first, count, bytes;
    uint64_t base; /* every event after this one, up to `newest`, is in the ring */
    uint64_t newest;
} event_ring;

/* "id: 7\nevent: metric\ndata: {...}\n\n" */
void http_event_format(const proto_event *event, proto_text *out);

void event_ring_init(event_ring *ring, uint64_t base);
void event_ring_fini(event_ring *ring);
/* Events come in ascending order; one already there is skipped. false: out of memory, the ring is as before.
 */
bool event_ring_push(event_ring *ring, const proto_event *event);
/* Append events after *cursor to out while it has less than `budget` bytes; moves the cursor. Returns whether
 * `done` was among them. */
bool event_ring_read(const event_ring *ring, uint64_t *cursor, proto_text *out, size_t budget);

#endif
