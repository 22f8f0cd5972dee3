/*
 * Two threads on one run: fork and join of two halves of a piece of work.
 *
 * DESIGN
 * The thread of the run, the caller, splits work into two halves that may be done at once. It does the first
 * half itself; the second one is done by whoever takes it first: a helper, when one is there and awake, or
 * the caller when it is done with the first. So a helper may come, go, sleep or be preempted at any time,
 * and a caller never waits except for a half that the helper has begun.
 *
 * What a half computes must not depend on who does it, nor on the other half; then results are the same bits
 * with a helper and without. Both halves are complete, and all they wrote is visible to the caller, when
 * mi_crew_split returns.
 *
 *     caller                         helper
 *     mi_crew_split ... split ...    mi_crew_help ---------------------> returns
 *                                              mi_crew_dismiss (any thread) ^
 *
 * A helper spins for a short time between halves, then sleeps. A sleeping helper is woken by a split, unless
 * earlier wakes have come too late to be of use. Where help costs more than it brings, because the cores are
 * taken by others, the caller does without it for a while.
 */
#ifndef MI_CREW_H
#define MI_CREW_H

#include "mi/status.h"

#include <stdint.h>

typedef struct mi_crew mi_crew;

/* MI_MEMORY. Thread: any. */
mi_status mi_crew_new(mi_crew **out, mi_error *err);
/* No thread may be inside a function of this crew. NULL is legal. */
void mi_crew_free(mi_crew *crew);

/*
 * half(ctx, 0) and half(ctx, 1) have been done, each once, when it returns: one after the other if crew is
 * NULL or has no helper. A half must not split on the same crew. Allocates nothing, takes no lock.
 * Thread: one caller of a crew at a time.
 */
void mi_crew_split(mi_crew *crew, void (*half)(void *ctx, int which), void *ctx);

/*
 * Do second halves until dismissed; the number that were done. A dismissal that finds no helper holds for
 * the next one, so that none is lost between a decision to help and this call.
 * Thread: one helper of a crew at a time, never its caller.
 */
uint64_t mi_crew_help(mi_crew *crew);
/* Let the helper return, after the half that it is at. Returns at once. Thread: any. */
void mi_crew_dismiss(mi_crew *crew);

#endif
