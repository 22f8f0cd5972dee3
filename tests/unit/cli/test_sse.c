/*
 * The event stream parser against the examples and rules of the HTML standard (section "Server-sent events").
 */
#include "sse.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

typedef struct log {
    char text[4096]; /* "name|data|id;" per event */
    unsigned stop_after, n;
} event_log;

static bool record(void *ctx, const sse_event *event)
{
    event_log *log = ctx;
    size_t used = strlen(log->text);

    snprintf(log->text + used, sizeof log->text - used, "%s|%s|%s;", event->name, event->data, event->id);
    return ++log->n != log->stop_after;
}

/* Fed in pieces of `piece` bytes. */
static void check_stream(const char *bytes, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(bytes); piece++) {
        sse_parser parser;
        event_log log = {0};

        sse_init(&parser);
        for (size_t at = 0; at < strlen(bytes); at += piece) {
            size_t n = strlen(bytes) - at < piece ? strlen(bytes) - at : piece;

            ck_assert(sse_feed(&parser, bytes + at, n, record, &log));
        }
        ck_assert_str_eq(log.text, expected);
        sse_fini(&parser);
    }
}

START_TEST(test_events_are_the_same_in_whatever_pieces_they_arrive)
{
    check_stream("id: 7\nevent: progress\ndata: {\"a\":1}\n\nevent: done\ndata: {}\n\n",
                 "progress|{\"a\":1}|7;done|{}|7;");
}
END_TEST

START_TEST(test_every_line_ending_of_the_standard_ends_a_line)
{
    check_stream("data: a\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n", "message|a\nb|;message|c|;message|d|;");
}
END_TEST

START_TEST(test_comments_pings_unknown_fields_and_events_without_data_are_ignored)
{
    check_stream(": ping\n\nretry: 10\nfoo: bar\ncolon-less\n\nevent: state\n\ndata\n\ndata:x\n\n",
                 "message||;message|x|;");
}
END_TEST

START_TEST(test_a_byte_order_mark_before_the_stream_is_dropped)
{
    check_stream("\xef\xbb\xbf"
                 "data: a\n\n",
                 "message|a|;");
}
END_TEST

START_TEST(test_an_event_cut_off_by_the_connection_is_dropped_and_the_id_kept)
{
    sse_parser parser;
    event_log log = {0};
    const char first[] = "id: 3\ndata: a\n\ndata: half", second[] = "data: b\n\n";

    sse_init(&parser);
    ck_assert(sse_feed(&parser, first, strlen(first), record, &log));
    sse_restart(&parser);
    ck_assert_str_eq(parser.id, "3");
    ck_assert(sse_feed(&parser, second, strlen(second), record, &log));
    ck_assert_str_eq(log.text, "message|a|3;message|b|3;");
    sse_fini(&parser);
}
END_TEST

START_TEST(test_an_id_that_could_not_be_sent_back_in_a_header_is_ignored)
{
    check_stream("id: ok\nid: a\x01"
                 "b\ndata: x\n\n",
                 "message|x|ok;");
}
END_TEST

START_TEST(test_an_endless_line_ends_the_stream_instead_of_filling_memory)
{
    sse_parser parser;
    event_log log = {0};
    char *chunk = malloc(1 << 16);
    bool ok = true;

    ck_assert_ptr_nonnull(chunk);
    memset(chunk, 'x', 1 << 16);
    sse_init(&parser);
    for (size_t i = 0; ok && i < 64; i++)
        ok = sse_feed(&parser, chunk, 1 << 16, record, &log);
    ck_assert(!ok);
    ck_assert_uint_le(parser.line.capacity, SSE_MAX_EVENT + 1);
    sse_fini(&parser);
    free(chunk);
}
END_TEST

START_TEST(test_the_handler_can_stop_the_stream)
{
    sse_parser parser;
    event_log log = {.stop_after = 1};
    const char bytes[] = "data: a\n\ndata: b\n\n";

    sse_init(&parser);
    ck_assert(!sse_feed(&parser, bytes, strlen(bytes), record, &log));
    ck_assert_str_eq(log.text, "message|a|;");
    sse_fini(&parser);
}
END_TEST

int main(void)
{
    RUN_TESTS("sse", test_events_are_the_same_in_whatever_pieces_they_arrive,
              test_every_line_ending_of_the_standard_ends_a_line,
              test_comments_pings_unknown_fields_and_events_without_data_are_ignored,
              test_a_byte_order_mark_before_the_stream_is_dropped,
              test_an_event_cut_off_by_the_connection_is_dropped_and_the_id_kept,
              test_an_id_that_could_not_be_sent_back_in_a_header_is_ignored,
              test_an_endless_line_ends_the_stream_instead_of_filling_memory,
              test_the_handler_can_stop_the_stream);
}
