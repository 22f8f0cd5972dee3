/*
 * Two halves of a piece of work, with helpers that come, sleep and go.
 */
#include "mi/crew.h"
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define N_SPLITS 20000u

/* Plain memory, on purpose: what a half writes must be seen by the caller, and the other way around, without
 * help from the test. A sanitizer run checks the same by other means. */
typedef struct work {
    uint64_t input, output[2];
    uint32_t n_done[2];
    uint32_t n_spins; /* how long a half takes */
    pthread_t who[2];
} work;

static uint64_t mix(uint64_t bits)
{
    bits ^= bits >> 29;
    return bits * UINT64_C(0xbf58476d1ce4e5b9) + 1;
}

static void do_half(void *ctx, int which)
{
    work *w = ctx;
    uint64_t bits = w->input + (uint64_t)which;
    for (uint32_t i = 0; i <= w->n_spins; i++)
        bits = mix(bits);
    w->output[which] = bits;
    w->n_done[which]++;
    w->who[which] = pthread_self();
}

static void check_halves(const work *w, uint32_t n_splits)
{
    for (uint32_t which = 0; which < 2; which++) {
        uint64_t bits = w->input + which;
        for (uint32_t i = 0; i <= w->n_spins; i++)
            bits = mix(bits);
        ck_assert_uint_eq(w->output[which], bits);
        ck_assert_uint_eq(w->n_done[which], n_splits);
    }
}

static mi_crew *new_crew(void)
{
    mi_error err = {0};
    mi_crew *crew = NULL;
    ck_assert_int_eq(mi_crew_new(&crew, &err), MI_OK);
    return crew;
}

typedef struct helper {
    mi_crew *crew;
    pthread_t thread;
    uint64_t n_done; /* read after joining */
} helper;

static void *help_once(void *arg)
{
    helper *h = arg;
    h->n_done = mi_crew_help(h->crew);
    return NULL;
}

static void start_helper(helper *h, mi_crew *crew)
{
    *h = (helper){.crew = crew};
    ck_assert_int_eq(pthread_create(&h->thread, NULL, help_once, h), 0);
}

static uint64_t dismiss_and_join(helper *h)
{
    mi_crew_dismiss(h->crew);
    ck_assert_int_eq(pthread_join(h->thread, NULL), 0);
    return h->n_done;
}

static void pause_us(long us)
{
    const struct timespec t = {.tv_nsec = us * 1000};
    nanosleep(&t, NULL);
}

/* Splits until the helper has done a half: with a sleeper that is woken rarely, or a busy machine, that may
 * take a while. */
static void split_until_helped(mi_crew *crew)
{
    work w = {.n_spins = 20000};
    do
        mi_crew_split(crew, do_half, &w);
    while (pthread_equal(w.who[1], pthread_self()));
    ck_assert_uint_eq(w.n_done[0], w.n_done[1]);
}

static void note_order(void *ctx, int which)
{
    int **next = ctx;
    *(*next)++ = which;
}

START_TEST(test_without_crew_or_helper_the_caller_does_both_in_order)
{
    mi_crew *crew = new_crew();
    int order[4], *next = order;
    mi_crew_split(NULL, note_order, &next);
    mi_crew_split(crew, note_order, &next);
    ck_assert_ptr_eq(next, order + 4);
    ck_assert(order[0] == 0 && order[1] == 1 && order[2] == 0 && order[3] == 1);
    mi_crew_free(crew);
    mi_crew_free(NULL);
}
END_TEST

START_TEST(test_a_helper_does_second_halves_and_counts_them)
{
    mi_crew *crew = new_crew();
    helper h;
    start_helper(&h, crew);
    split_until_helped(crew);
    work w = {0};
    uint64_t n_helped = 0;
    for (uint32_t i = 0; i < N_SPLITS; i++) {
        w.input = i;
        w.n_spins = i % 50;
        mi_crew_split(crew, do_half, &w);
        check_halves(&w, i + 1);
        n_helped += !pthread_equal(w.who[1], pthread_self());
        ck_assert(pthread_equal(w.who[0], pthread_self()));
    }
    ck_assert_uint_eq(dismiss_and_join(&h), n_helped + 1);
    mi_crew_free(crew);
}
END_TEST

START_TEST(test_a_helper_that_fell_asleep_is_woken)
{
    mi_crew *crew = new_crew();
    helper h;
    start_helper(&h, crew);
    for (int i = 0; i < 5; i++) {
        pause_us(3000); /* beyond its spinning */
        split_until_helped(crew);
    }
    ck_assert_uint_ge(dismiss_and_join(&h), 5);
    mi_crew_free(crew);
}
END_TEST

START_TEST(test_a_helper_can_be_dismissed_early_asleep_and_between)
{
    mi_crew *crew = new_crew();
    for (long us = 0; us < 1000; us += 20) {
        helper h;
        start_helper(&h, crew);
        pause_us(us);
        ck_assert_uint_eq(dismiss_and_join(&h), 0);
    }
    mi_crew_free(crew);
}
END_TEST

START_TEST(test_a_dismissal_before_help_holds_for_it_and_for_it_alone)
{
    mi_crew *crew = new_crew();
    mi_crew_dismiss(crew);
    mi_crew_dismiss(crew);
    ck_assert_uint_eq(mi_crew_help(crew), 0);
    helper h;
    start_helper(&h, crew);
    split_until_helped(crew);
    ck_assert_uint_ge(dismiss_and_join(&h), 1);
    mi_crew_free(crew);
}
END_TEST

typedef struct coming_and_going {
    mi_crew *crew;
    atomic_bool over;
    atomic_uint visits; /* helpers that have left */
} coming_and_going;

static void *come_again(void *arg)
{
    coming_and_going *c = arg;
    while (!atomic_load(&c->over)) {
        mi_crew_help(c->crew);
        atomic_fetch_add(&c->visits, 1);
    }
    return NULL;
}

static void *dismiss_again(void *arg)
{
    coming_and_going *c = arg;
    for (long us = 0; !atomic_load(&c->over); us = (us + 7) % 400) {
        pause_us(us);
        mi_crew_dismiss(c->crew);
    }
    return NULL;
}

START_TEST(test_halves_are_done_once_while_helpers_come_and_go)
{
    coming_and_going c = {.crew = new_crew()};
    pthread_t helper_thread, dismisser;
    work w = {0};
    uint32_t n = 0;
    ck_assert_int_eq(pthread_create(&helper_thread, NULL, come_again, &c), 0);
    ck_assert_int_eq(pthread_create(&dismisser, NULL, dismiss_again, &c), 0);
    while (n < N_SPLITS || atomic_load(&c.visits) < 20) {
        w.input = n;
        w.n_spins = n % 300;
        mi_crew_split(c.crew, do_half, &w);
        check_halves(&w, ++n);
        if (n % 500 == 0)
            pause_us(300);
    }
    atomic_store(&c.over, true);
    ck_assert_int_eq(pthread_join(dismisser, NULL), 0);
    mi_crew_dismiss(c.crew);
    ck_assert_int_eq(pthread_join(helper_thread, NULL), 0);
    mi_crew_free(c.crew);
}
END_TEST

typedef struct dismissing {
    work work;
    mi_crew *crew;
} dismissing;

static void dismiss_within_half(void *ctx, int which)
{
    dismissing *d = ctx;
    if (which == 1)
        mi_crew_dismiss(d->crew);
    do_half(&d->work, which);
}

START_TEST(test_a_dismissal_during_a_half_lets_it_end)
{
    mi_crew *crew = new_crew();
    for (uint32_t i = 0; i < 50; i++) {
        helper h;
        dismissing d = {.work = {.n_spins = 5000, .input = i}, .crew = crew};
        start_helper(&h, crew);
        split_until_helped(crew);
        mi_crew_split(crew, dismiss_within_half, &d);
        check_halves(&d.work, 1);
        ck_assert_int_eq(pthread_join(h.thread, NULL), 0);
        mi_crew_split(crew, do_half, &d.work);
        check_halves(&d.work, 2);
    }
    mi_crew_free(crew);
}
END_TEST

int main(void)
{
    RUN_TESTS("crew", test_without_crew_or_helper_the_caller_does_both_in_order,
              test_a_helper_does_second_halves_and_counts_them, test_a_helper_that_fell_asleep_is_woken,
              test_a_helper_can_be_dismissed_early_asleep_and_between,
              test_a_dismissal_before_help_holds_for_it_and_for_it_alone,
              test_halves_are_done_once_while_helpers_come_and_go,
              test_a_dismissal_during_a_half_lets_it_end);
}
