#include "event_ring.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void http_event_format(const proto_event *event, proto_text *out)
{
    proto_text_printf(out, "id: %" PRIu64 "\nevent: %s\n", event->sequence, event->name);
    /* A line break inside the data would end the field: each line gets its own. */
    for (const char *line = event->data ? event->data : "";;) {
        size_t n = strcspn(line, "\r\n");
        proto_text_puts(out, "data: ");
        proto_text_append(out, line, n);
        proto_text_puts(out, "\n");
        if (line[n] == '\0')
            break;
        line += n + 1;
    }
    proto_text_puts(out, "\n");
}

void event_ring_init(event_ring *ring, uint64_t base)
{
    memset(ring, 0, sizeof *ring);
    ring->base = ring->newest = base;
}

static event_slot *slot_at(const event_ring *ring, size_t i)
{
    return &ring->slots[(ring->first + i) % EVENT_RING_EVENTS];
}

static void drop_oldest(event_ring *ring)
{
    event_slot *slot = slot_at(ring, 0);
    ring->base = slot->sequence;
    ring->bytes -= slot->n;
    free(slot->text);
    memset(slot, 0, sizeof *slot);
    ring->first = (ring->first + 1) % EVENT_RING_EVENTS;
    ring->count--;
}

void event_ring_fini(event_ring *ring)
{
    while (ring->count > 0)
        drop_oldest(ring);
    free(ring->slots);
    memset(ring, 0, sizeof *ring);
}

bool event_ring_push(event_ring *ring, const proto_event *event)
{
    if (event->sequence <= ring->newest)
        return true;
    if (!ring->slots && !(ring->slots = calloc(EVENT_RING_EVENTS, sizeof *ring->slots)))
        return false;
    proto_text text;
    proto_text_init(&text, EVENT_RING_BYTES);
    http_event_format(event, &text);
    if (!proto_text_ok(&text)) {
        proto_text_fini(&text);
        return false;
    }
    while (ring->count == EVENT_RING_EVENTS ||
           (ring->count > 0 && ring->bytes + text.length > EVENT_RING_BYTES))
        drop_oldest(ring);
    event_slot *slot = slot_at(ring, ring->count++);
    slot->sequence = ring->newest = event->sequence;
    slot->last = strcmp(event->name, "done") == 0;
    slot->text = proto_text_take(&text, &slot->n);
    ring->bytes += slot->n;
    return true;
}

bool event_ring_read(const event_ring *ring, uint64_t *cursor, proto_text *out, size_t budget)
{
    bool done = false;
    if (*cursor < ring->base) {
        proto_text_printf(out,
                          "event: reset\nid: %" PRIu64 "\ndata: {\"missed_after\":%" PRIu64
                          ",\"resumed_after\":%" PRIu64 "}\n\n",
                          ring->base, *cursor, ring->base);
        *cursor = ring->base;
    }
    for (size_t i = 0; i < ring->count && out->length < budget; i++) {
        const event_slot *slot = slot_at(ring, i);
        if (slot->sequence <= *cursor)
            continue;
        proto_text_append(out, slot->text, slot->n);
        *cursor = slot->sequence;
        done = done || slot->last;
    }
    return done;
}
