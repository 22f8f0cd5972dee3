#include "../runner.h"
#include "base/ids.h"

#include <pthread.h>
#include <string.h>

#define N_IDS     20000
#define N_THREADS 4

START_TEST(test_id_is_a_prefixed_ulid_of_now)
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char id[ID_MAX];
    int64_t before = clock_unix_ms(), ms = 0;
    id_make(id, "job");
    int64_t after = clock_unix_ms();
    ck_assert_uint_eq(strlen(id), strlen("job_") + 26);
    ck_assert_int_eq(strncmp(id, "job_", 4), 0);
    for (int i = 0; i < 10; i++)
        ms = ms * 32 + (strchr(crockford, id[4 + i]) - crockford);
    ck_assert_int_ge(ms, before);
    ck_assert_int_le(ms, after + 1);
}
END_TEST

START_TEST(test_ids_of_one_process_ascend)
{
    char last[ID_MAX] = "", id[ID_MAX];
    for (int i = 0; i < N_IDS; i++) {
        id_make(id, "job");
        ck_assert_int_lt(strcmp(last, id), 0);
        memcpy(last, id, sizeof id);
    }
}
END_TEST

static void *make_many(void *arg)
{
    char(*ids)[ID_MAX] = arg;
    for (int i = 0; i < N_IDS / N_THREADS; i++)
        id_make(ids[i], "evt");
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

START_TEST(test_ids_are_distinct_across_threads)
{
    static char ids[N_IDS][ID_MAX];
    pthread_t threads[N_THREADS];
    for (int t = 0; t < N_THREADS; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, make_many, ids[t * (N_IDS / N_THREADS)]), 0);
    for (int t = 0; t < N_THREADS; t++)
        pthread_join(threads[t], NULL);
    qsort(ids, N_IDS, ID_MAX, compare);
    for (int i = 1; i < N_IDS; i++)
        ck_assert_int_ne(strcmp(ids[i - 1], ids[i]), 0);
}
END_TEST

START_TEST(test_only_ids_of_the_prefix_are_valid)
{
    char id[ID_MAX];
    id_make(id, "job");
    ck_assert(id_valid(id, "job"));
    ck_assert(!id_valid(id, "req"));
    ck_assert(!id_valid(id, "jo"));
    ck_assert(!id_valid("", "job"));
    ck_assert(!id_valid("job_", "job"));
    ck_assert(!id_valid("job_01ARZ3NDEKTSV4RRFFQ69G5FA", "job"));
    ck_assert(id_valid("job_01ARZ3NDEKTSV4RRFFQ69G5FAV", "job"));
    ck_assert(!id_valid("job_01ARZ3NDEKTSV4RRFFQ69G5FAVX", "job"));
    ck_assert(!id_valid("job_01arz3ndektsv4rrffq69g5fav", "job"));
    ck_assert(!id_valid("job_81ARZ3NDEKTSV4RRFFQ69G5FAV", "job"));
    ck_assert(!id_valid("job_01ARZ3NDEKTSV4RRFFQ69G5F';", "job"));
}
END_TEST

START_TEST(test_monotonic_clock_does_not_go_back)
{
    int64_t last = clock_monotonic_ms();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ms();
        ck_assert_int_ge(now, last);
        last = now;
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("ids", test_id_is_a_prefixed_ulid_of_now, test_ids_of_one_process_ascend,
              test_ids_are_distinct_across_threads, test_only_ids_of_the_prefix_are_valid,
              test_monotonic_clock_does_not_go_back);
}
