#include "../runner.h"
#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define N_THREADS 4
#define N_ADDS    10000

static void *add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ADDS; i++)
        metric_add(METRIC_TRAIN_STEPS, 1);
    return NULL;
}

START_TEST(test_no_count_is_lost_between_threads)
{
    pthread_t threads[N_THREADS];
    metric_set(METRIC_TRAIN_STEPS, 0);
    for (int t = 0; t < N_THREADS; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, add_many, NULL), 0);
    for (int t = 0; t < N_THREADS; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(metric_get(METRIC_TRAIN_STEPS), N_THREADS * N_ADDS);
}
END_TEST

START_TEST(test_text_has_help_type_and_value_of_each)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    metric_set(METRIC_WORKERS, 3);
    metrics_encode(&text);
    ck_assert(proto_text_ok(&text));
    ck_assert_ptr_nonnull(
        strstr(text.data,
               "# HELP mutuald_workers Worker threads\n# TYPE mutuald_workers gauge\nmutuald_workers 3\n"));
    size_t types = 0;
    for (const char *at = text.data; (at = strstr(at, "# TYPE ")); at++)
        types++;
    ck_assert_uint_eq(types, METRIC_COUNT);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_labels_of_one_name_share_a_header)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    metrics_encode_one(&text, "mutuald_jobs", "gauge", "Jobs by state", "{state=\"queued\"}", 2);
    metrics_encode_one(&text, "mutuald_jobs", "gauge", NULL, "{state=\"running\"}", 0.5);
    ck_assert_str_eq(text.data, "# HELP mutuald_jobs Jobs by state\n# TYPE mutuald_jobs gauge\n"
                                "mutuald_jobs{state=\"queued\"} 2\nmutuald_jobs{state=\"running\"} 0.5\n");
    proto_text_fini(&text);
}
END_TEST

int main(void)
{
    RUN_TESTS("metrics", test_no_count_is_lost_between_threads, test_text_has_help_type_and_value_of_each,
              test_labels_of_one_name_share_a_header);
}
