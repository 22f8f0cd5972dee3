/*
 * The hub, between real threads and a real loop.
 */
#include "../runner.h"
#include "base/hub.h"
#include "base/ids.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_THREADS 4
#define N_JOBS    50
#define N_ROUNDS  200

static uv_loop_t loop;
static hub *h;

static void set_up(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(hub_new(&h, &loop, NULL), MI_OK);
}

static void tear_down(void)
{
    hub_close(h);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

typedef struct seen {
    int calls[N_JOBS];
    int total;
} seen;

static void on_job(void *ctx, const char *job_id)
{
    seen *s = ctx;
    int job = -1;
    ck_assert_int_eq(sscanf(job_id, "job_%d", &job), 1);
    s->calls[job]++;
    s->total++;
}

START_TEST(test_notifications_of_one_job_become_one_call)
{
    seen s = {0};
    set_up();
    hub_subscribe(h, on_job, &s);
    for (int i = 0; i < 100; i++)
        hub_notify_job(h, i % 2 ? "job_1" : "job_2");
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(s.calls[1], 1);
    ck_assert_int_eq(s.calls[2], 1);
    hub_notify_job(h, "job_1");
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(s.calls[1], 2);
    ck_assert_int_eq(s.total, 3);
    tear_down();
}
END_TEST

static atomic_int notifiers;

static void notify_many(void *arg)
{
    (void)arg;
    char id[ID_MAX];
    for (int i = 0; i < N_ROUNDS * N_JOBS; i++) {
        snprintf(id, sizeof id, "job_%d", i % N_JOBS);
        hub_notify_job(h, id);
    }
    atomic_fetch_sub(&notifiers, 1);
}

START_TEST(test_last_notification_of_a_job_is_never_lost)
{
    seen s = {0};
    uv_thread_t threads[N_THREADS];
    set_up();
    hub_subscribe(h, on_job, &s);
    atomic_store(&notifiers, N_THREADS);
    for (int t = 0; t < N_THREADS; t++)
        ck_assert_int_eq(uv_thread_create(&threads[t], notify_many, NULL), 0);
    while (atomic_load(&notifiers) > 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    memset(&s, 0, sizeof s);
    for (int t = 0; t < N_THREADS; t++)
        uv_thread_join(&threads[t]);
    hub_notify_job(h, "job_7");
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(s.calls[7], 1);
    tear_down();
}
END_TEST

START_TEST(test_subscriber_that_left_is_not_called)
{
    seen s = {0};
    set_up();
    hub_subscribe(h, on_job, &s);
    hub_notify_job(h, "job_1");
    hub_subscribe(h, NULL, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(s.total, 0);
    tear_down();
}
END_TEST

START_TEST(test_more_jobs_than_the_hub_holds_do_no_harm)
{
    char id[ID_MAX];
    seen s = {0};
    set_up();
    hub_subscribe(h, on_job, &s);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "job_%d_%d", i % N_JOBS, i);
        hub_notify_job(h, id);
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_gt(s.total, 0);
    ck_assert_int_lt(s.total, 5000);
    tear_down();
}
END_TEST

static void on_queue(void *ctx)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
}

START_TEST(test_queue_listener_is_called_until_it_leaves)
{
    atomic_int calls = 0;
    set_up();
    hub_notify_queue(h);
    hub_subscribe_queue(h, on_queue, &calls);
    hub_notify_queue(h);
    hub_notify_queue(h);
    ck_assert_int_eq(atomic_load(&calls), 2);
    hub_subscribe_queue(h, NULL, NULL);
    hub_notify_queue(h);
    ck_assert_int_eq(atomic_load(&calls), 2);
    tear_down();
}
END_TEST

static void notify_queue_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS * N_JOBS; i++)
        hub_notify_queue(h);
    atomic_fetch_sub(&notifiers, 1);
}

/* What a listener uses may be freed once it has left. */
START_TEST(test_queue_listener_that_left_is_not_called_by_others)
{
    uv_thread_t threads[N_THREADS];
    set_up();
    atomic_store(&notifiers, N_THREADS);
    for (int t = 0; t < N_THREADS; t++)
        ck_assert_int_eq(uv_thread_create(&threads[t], notify_queue_many, NULL), 0);
    while (atomic_load(&notifiers) > 0) {
        atomic_int *calls = calloc(1, sizeof *calls);
        ck_assert_ptr_nonnull(calls);
        hub_subscribe_queue(h, on_queue, calls);
        hub_subscribe_queue(h, NULL, NULL);
        free(calls);
    }
    for (int t = 0; t < N_THREADS; t++)
        uv_thread_join(&threads[t]);
    tear_down();
}
END_TEST

int main(void)
{
    RUN_TESTS("hub", test_notifications_of_one_job_become_one_call,
              test_last_notification_of_a_job_is_never_lost, test_subscriber_that_left_is_not_called,
              test_more_jobs_than_the_hub_holds_do_no_harm, test_queue_listener_is_called_until_it_leaves,
              test_queue_listener_that_left_is_not_called_by_others);
}
