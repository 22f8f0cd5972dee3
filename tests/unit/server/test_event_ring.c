#include "../proto/testing.h"
#include "event_ring.h"

#include <stdio.h>

static void push(event_ring *ring, uint64_t sequence, const char *name)
{
    proto_event event = {.sequence = sequence, .data = (char *)"{}"};
    snprintf(event.name, sizeof event.name, "%s", name);
    ck_assert(event_ring_push(ring, &event));
}

static char *read_all(const event_ring *ring, uint64_t *cursor, bool *done)
{
    proto_text text;
    proto_text_init(&text, 1 << 22);
    *done = event_ring_read(ring, cursor, &text, 1 << 22);
    proto_text_puts(&text, "");
    return proto_text_take(&text, NULL);
}

START_TEST(test_an_event_is_framed_for_the_wire)
{
    proto_event event = {.sequence = 7, .name = "metric", .data = (char *)"{\"a\":1,\n\"b\":2}"};
    proto_text text;
    proto_text_init(&text, 1000);
    http_event_format(&event, &text);
    ck_assert_str_eq(text.data, "id: 7\nevent: metric\ndata: {\"a\":1,\ndata: \"b\":2}\n\n");
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_each_reader_gets_every_event_after_its_cursor_once)
{
    event_ring ring;
    uint64_t first = 10, second = 12;
    bool done;
    event_ring_init(&ring, 10);
    push(&ring, 11, "state");
    push(&ring, 11, "state"); /* told twice */
    push(&ring, 13, "metric");
    char *text = read_all(&ring, &first, &done);
    ck_assert_str_eq(text, "id: 11\nevent: state\ndata: {}\n\nid: 13\nevent: metric\ndata: {}\n\n");
    ck_assert(!done);
    free(text);
    push(&ring, 14, "done");
    text = read_all(&ring, &first, &done);
    ck_assert_str_eq(text, "id: 14\nevent: done\ndata: {}\n\n");
    ck_assert(done);
    free(text);
    text = read_all(&ring, &second, &done);
    ck_assert_ptr_nonnull(strstr(text, "id: 13"));
    ck_assert_ptr_null(strstr(text, "id: 11"));
    free(text);
    event_ring_fini(&ring);
}
END_TEST

START_TEST(test_a_laggard_is_reset_and_the_ring_stays_bounded)
{
    event_ring ring;
    uint64_t slow = 5;
    bool done;
    event_ring_init(&ring, 5);
    for (uint64_t i = 6; i < 6 + 3 * EVENT_RING_EVENTS; i++)
        push(&ring, i, "metric");
    ck_assert_uint_eq(ring.count, EVENT_RING_EVENTS);
    char *text = read_all(&ring, &slow, &done);
    ck_assert_int_eq(strncmp(text, "event: reset\nid: ", 17), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"missed_after\":5"));
    ck_assert_uint_eq(slow, 5 + 3 * EVENT_RING_EVENTS);
    free(text);
    event_ring_fini(&ring);
}
END_TEST

START_TEST(test_large_events_are_bounded_by_bytes)
{
    event_ring ring;
    size_t n = EVENT_RING_BYTES / 4;
    char *data = malloc(n + 1);
    memset(data, 'x', n);
    data[n] = '\0';
    event_ring_init(&ring, 0);
    for (uint64_t i = 1; i < 20; i++) {
        proto_event event = {.sequence = i, .name = "metric", .data = data};
        ck_assert(event_ring_push(&ring, &event));
        ck_assert_uint_le(ring.bytes, EVENT_RING_BYTES);
    }
    free(data);
    event_ring_fini(&ring);
}
END_TEST

START_TEST(test_reading_stops_at_its_budget_and_goes_on_there)
{
    event_ring ring;
    uint64_t cursor = 0;
    proto_text text;
    event_ring_init(&ring, 0);
    for (uint64_t i = 1; i <= 100; i++)
        push(&ring, i, "metric");
    proto_text_init(&text, 1 << 16);
    event_ring_read(&ring, &cursor, &text, 100);
    ck_assert_uint_lt(cursor, 10);
    while (cursor < 100) {
        text.length = 0;
        event_ring_read(&ring, &cursor, &text, 100);
        ck_assert_uint_gt(text.length, 0);
    }
    proto_text_fini(&text);
    event_ring_fini(&ring);
}
END_TEST

int main(void)
{
    RUN_TESTS("event_ring", test_an_event_is_framed_for_the_wire,
              test_each_reader_gets_every_event_after_its_cursor_once,
              test_a_laggard_is_reset_and_the_ring_stays_bounded, test_large_events_are_bounded_by_bytes,
              test_reading_stops_at_its_budget_and_goes_on_there);
}
