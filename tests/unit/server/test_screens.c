/*
 * What the runs of a screen share and leave: features that are made once whoever makes them, and parts as
 * bytes.
 */
#include "../proto/testing.h"
#include "screen_part.h"

#include <stdatomic.h>
#include <uv.h>

enum { ROWS = 5 * SHELF_BLOCK + 7, WIDTH = 3, THREADS = 4 };

static screen_shelf *shelf;
static atomic_uint made;

/* Each gives back a block unmade once, as a run does that is canceled. */
static void make_all(void *arg)
{
    shelf_item *item = NULL;
    uint32_t first, count;
    bool let_go = false;
    (void)arg;
    ck_assert_int_eq(screen_shelf_open(&item, shelf, "job_1", ROWS, WIDTH, NULL), MI_OK);
    for (shelf_state state; (state = screen_shelf_take(shelf, item, &first, &count)) != SHELF_READY;) {
        if (state == SHELF_WAIT) {
            uv_sleep(1);
            continue;
        }
        for (uint32_t i = 0; let_go && i < count * WIDTH; i++)
            screen_shelf_floats(item)[(size_t)first * WIDTH + i] = (float)first + (float)i;
        if (let_go)
            atomic_fetch_add(&made, count);
        screen_shelf_give(shelf, item, first, let_go);
        let_go = true;
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        const uint32_t block = row / SHELF_BLOCK * SHELF_BLOCK;
        ck_assert(screen_shelf_floats(item)[(size_t)row * WIDTH] ==
                  (float)block + (float)((row - block) * WIDTH));
    }
    screen_shelf_close(shelf, item);
}

START_TEST(test_features_are_made_once_and_seen_by_all)
{
    uv_thread_t threads[THREADS];
    ck_assert_int_eq(screen_shelf_new(&shelf, NULL), MI_OK);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(uv_thread_create(&threads[i], make_all, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        uv_thread_join(&threads[i]);
    ck_assert_uint_eq(atomic_load(&made), ROWS);
    screen_shelf_tidy(shelf, "job_1"); /* stays for the job's next run */
    shelf_item *item = NULL;
    uint32_t first, count;
    ck_assert_int_eq(screen_shelf_open(&item, shelf, "job_1", ROWS, WIDTH, NULL), MI_OK);
    ck_assert_int_eq(screen_shelf_take(shelf, item, &first, &count), SHELF_READY);
    ck_assert(screen_shelf_fraction(shelf, item) == 1.0);
    screen_shelf_tidy(shelf, NULL); /* in use */
    ck_assert_int_eq(screen_shelf_take(shelf, item, &first, &count), SHELF_READY);
    screen_shelf_close(shelf, item);
    screen_shelf_tidy(shelf, "job_2");
    ck_assert_int_eq(screen_shelf_open(&item, shelf, "job_1", ROWS, WIDTH, NULL), MI_OK);
    ck_assert_int_eq(screen_shelf_take(shelf, item, &first, &count), SHELF_BLOCK_TAKEN);
    screen_shelf_give(shelf, item, first, false);
    screen_shelf_close(shelf, item);
    screen_shelf_free(shelf);
}
END_TEST

static mi_status count_pairs(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err)
{
    mi_screen_pair *to = context;
    (void)err;
    memcpy(to, pairs, n * sizeof *pairs);
    return MI_OK;
}

START_TEST(test_parts_come_back_from_their_bytes)
{
    static const float x[] = {1, 2, 3}, y[] = {1, -1};
    const mi_screen_spec spec = {
        .n_x = 3, .n_y = 2, .width = 1, .slope = 1, .top = 4, .above = 1, .threshold = 2, .max_above = 10};
    mi_screen_pair above[6];
    mi_screen *screen = NULL;
    mi_screen_result *result = NULL, *again = NULL;
    mi_screen_progress at = {0};
    char *bytes = NULL;
    const void *pairs;
    uint64_t n_pairs;
    size_t n;
    ck_assert_int_eq(mi_screen_new(&screen, &spec, x, 1, y, 1, count_pairs, above, NULL), MI_OK);
    while (!at.done)
        ck_assert_int_eq(mi_screen_step(screen, &at, NULL), MI_OK);
    ck_assert_int_eq(mi_screen_finish(screen, &result, NULL), MI_OK);
    ck_assert_uint_eq(result->n_above, 2);
    ck_assert_int_eq(screen_part_pack(result, above, 2, 5, &bytes, &n, NULL), MI_OK);
    ck_assert_int_eq(screen_part_unpack(&again, &pairs, &n_pairs, bytes + 5, n - 5, NULL), MI_OK);
    ck_assert_uint_eq(n_pairs, 2);
    ck_assert_mem_eq(pairs, above, sizeof *above * 2);
    ck_assert_uint_eq(again->n_top, result->n_top);
    mi_screen_result_free(again);
    for (size_t less = 1; less < n - 5; less++)
        ck_assert_int_eq(screen_part_unpack(&again, &pairs, &n_pairs, bytes + 5, n - 5 - less, NULL),
                         MI_CORRUPT);
    free(bytes);
    ck_assert_int_eq(screen_part_pack(NULL, NULL, 0, 0, &bytes, &n, NULL), MI_OK);
    ck_assert_int_eq(screen_part_unpack(&again, &pairs, &n_pairs, bytes, n, NULL), MI_OK);
    ck_assert(!again && n_pairs == 0);
    free(bytes);
    mi_screen_result_free(result);
    mi_screen_free(screen);
}
END_TEST

int main(void)
{
    RUN_TESTS("screens", test_features_are_made_once_and_seen_by_all, test_parts_come_back_from_their_bytes);
}
