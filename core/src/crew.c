#include "mi/crew.h"

#include <sched.h>
#include <semaphore.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define CACHE_LINE 64

#define HELPER_SPIN_NS  200000 /* a serial stretch inside an optimiser step is shorter */
#define SPINS_PER_CLOCK 64     /* pauses between two looks at the clock: a few microseconds */
#define CALLER_SPINS    2000   /* pauses before the caller gives its core to a helper that was preempted */
#define SHUNNED_MAX     63     /* splits that leave a sleeper alone */

#define CREDIT_MAX_NS 5000000   /* what past gains may be lost again before the caller goes on alone */
#define CREDIT_NEW_NS 500000    /* what may be lost in finding out */
#define REST_MIN_NS   2000000   /* how long, at first */
#define REST_MAX_NS   200000000 /* and in the end */

/*
 *     EMPTY --caller--> OFFERED --helper--> TAKEN --helper--> DONE
 *       ^                  |                                   |
 *       +------caller------+---------------caller--------------+
 */
typedef enum offer { EMPTY, OFFERED, TAKEN, DONE } offer;

struct mi_crew {
    /* The caller's, while EMPTY or DONE; the helper reads them while TAKEN. */
    alignas(CACHE_LINE) void (*half)(void *ctx, int which);
    void *ctx;
    _Atomic(int) offer;

    alignas(CACHE_LINE) atomic_bool attached; /* a hint: offering is of use */
    atomic_bool asleep;                       /* whoever clears it owes the helper a post of `wake` */
    atomic_bool dismissed;
    sem_t wake;

    /* Caller's own: how long a sleeper is left alone; what help has brought, and how long to do without. */
    alignas(CACHE_LINE) uint32_t shunned, shun_next;
    int64_t credit_ns, rest_ns, rest_until_ns;
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

mi_status mi_crew_new(mi_crew **out, mi_error *err)
{
    mi_crew *crew = aligned_alloc(CACHE_LINE, sizeof *crew);
    *out = NULL;
    if (!crew)
        return mi_fail(err, MI_MEMORY, "a crew");
    *crew = (mi_crew){.credit_ns = CREDIT_NEW_NS, .rest_ns = REST_MIN_NS};
    if (sem_init(&crew->wake, 0, 0) != 0) {
        free(crew);
        return mi_fail(err, MI_MEMORY, "a crew's semaphore");
    }
    *out = crew;
    return MI_OK;
}

void mi_crew_free(mi_crew *crew)
{
    if (crew)
        sem_destroy(&crew->wake);
    free(crew);
}

/* ---- sleep and wake ---- */

/*
 * Sleeper and waker each write one flag and then read the other's: `asleep` here, `offer` or `dismissed`
 * there. All four are sequentially consistent, so that at least one of them sees the other's write and no
 * wake is lost.
 */
static void wake(mi_crew *crew)
{
    if (atomic_exchange(&crew->asleep, false))
        sem_post(&crew->wake);
}

static bool wanted(mi_crew *crew)
{
    return atomic_load(&crew->offer) == OFFERED || atomic_load(&crew->dismissed);
}

static void sleep_until_wanted(mi_crew *crew)
{
    atomic_store(&crew->asleep, true);
    if (wanted(crew) && atomic_exchange(&crew->asleep, false))
        return;
    while (sem_wait(&crew->wake) != 0) /* a signal; or a post is owed, and is on its way */
        ;
}

/* ---- the caller ---- */

/* A wake is a system call: where none of the halves since the last one was taken, work is over before the
 * sleeper is there, and it is woken ever more rarely. */
static void wake_if_worth_it(mi_crew *crew)
{
    if (!atomic_load(&crew->asleep))
        return;
    if (crew->shunned > 0) {
        crew->shunned--;
        return;
    }
    crew->shunned = crew->shun_next;
    crew->shun_next = crew->shun_next < SHUNNED_MAX ? 2 * crew->shun_next + 1 : SHUNNED_MAX;
    wake(crew);
}

/*
 * Where threads outnumber cores, a helper that has begun a half may be preempted in it for longer than many
 * halves take. So the caller keeps account: alone, a second half would have taken as long as the first, and
 * instead it waited. When help has cost more than it brought, it goes on alone for a while, each time longer.
 */
static void account(mi_crew *crew, int64_t own_ns, int64_t waited_ns, int64_t now)
{
    crew->credit_ns += own_ns - waited_ns;
    if (crew->credit_ns < 0) {
        crew->rest_until_ns = now + crew->rest_ns;
        crew->rest_ns = 2 * crew->rest_ns < REST_MAX_NS ? 2 * crew->rest_ns : REST_MAX_NS;
        crew->credit_ns = CREDIT_NEW_NS;
    } else if (crew->credit_ns > CREDIT_MAX_NS) {
        crew->credit_ns = CREDIT_MAX_NS;
        crew->rest_ns = REST_MIN_NS;
    }
}

static void await_done(mi_crew *crew)
{
    for (uint32_t spins = 0; atomic_load_explicit(&crew->offer, memory_order_acquire) != DONE; spins++) {
        if (spins < CALLER_SPINS)
            relax();
        else
            sched_yield();
    }
    crew->shunned = crew->shun_next = 0;
}

void mi_crew_split(mi_crew *crew, void (*half)(void *ctx, int which), void *ctx)
{
    int64_t began_ns = 0;
    if (!crew || !atomic_load_explicit(&crew->attached, memory_order_relaxed) ||
        (began_ns = now_ns()) < crew->rest_until_ns) {
        half(ctx, 0);
        half(ctx, 1);
        return;
    }
    crew->half = half;
    crew->ctx = ctx;
    /* Publishes the two above, and what the caller wrote before, to the helper that takes the offer. */
    atomic_store(&crew->offer, OFFERED);
    wake_if_worth_it(crew);
    half(ctx, 0);
    int offered = OFFERED;
    if (atomic_compare_exchange_strong_explicit(&crew->offer, &offered, EMPTY, memory_order_relaxed,
                                                memory_order_relaxed)) {
        half(ctx, 1);
        return;
    }
    const int64_t ready_ns = now_ns();
    await_done(crew); /* acquires what the helper wrote */
    const int64_t done_ns = now_ns();
    account(crew, ready_ns - began_ns, done_ns - ready_ns, done_ns);
}

/* ---- the helper ---- */

/* A half that was offered and taken back in between is not missed: the exchange looks at the offer of now. */
static bool take(mi_crew *crew)
{
    int offered = OFFERED;
    return atomic_load_explicit(&crew->offer, memory_order_relaxed) == OFFERED &&
           atomic_compare_exchange_strong_explicit(&crew->offer, &offered, TAKEN, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Spin until something is wanted, or for the time that a serial stretch may take. Yields now and then: with
 * fewer idle cores than it seemed, this spinning is in the way of the very thread that it waits for. */
static bool spin_until_wanted(mi_crew *crew)
{
    const int64_t until = now_ns() + HELPER_SPIN_NS;
    do {
        for (int i = 0; i < SPINS_PER_CLOCK; i++) {
            if (atomic_load_explicit(&crew->offer, memory_order_relaxed) == OFFERED ||
                atomic_load_explicit(&crew->dismissed, memory_order_relaxed))
                return true;
            relax();
        }
        sched_yield();
    } while (now_ns() < until);
    return false;
}

uint64_t mi_crew_help(mi_crew *crew)
{
    uint64_t n_done = 0;
    atomic_store_explicit(&crew->attached, true, memory_order_relaxed);
    while (!atomic_load_explicit(&crew->dismissed, memory_order_relaxed)) {
        if (take(crew)) {
            crew->half(crew->ctx, 1);
            atomic_store_explicit(&crew->offer, DONE, memory_order_release);
            n_done++;
        } else if (!spin_until_wanted(crew)) {
            sleep_until_wanted(crew);
        }
    }
    atomic_store_explicit(&crew->attached, false, memory_order_relaxed);
    /* Acquires what the dismissing thread wrote before. */
    atomic_exchange(&crew->dismissed, false);
    return n_done;
}

void mi_crew_dismiss(mi_crew *crew)
{
    atomic_store(&crew->dismissed, true);
    wake(crew);
}
