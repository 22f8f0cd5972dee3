/*
 * A store in memory with one job, for tests of the workers: it counts what they do and fails where it is told
 * to.
 *
 * Only what workers call is here; the real stores have their own contract tests.
 */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include "store/store.h"

#define FAKE_RUNS_MAX   16
#define FAKE_POINTS_MAX 4096

typedef enum fake_call {
    FAKE_CLAIM,
    FAKE_RENEW,
    FAKE_REPORT,
    FAKE_CHECKPOINT_PUT,
    FAKE_FINISH,
    FAKE_BLOB_COMMIT,
    FAKE_SUCCEED,
    FAKE_CALLS
} fake_call;

typedef struct fake_state {
    unsigned calls[FAKE_CALLS], released, restored;
    size_t n_points;
    proto_curve_row points[FAKE_POINTS_MAX];
    char *result, *problem;      /* JSON; NULL: not yet */
    store_bytes pmi;             /* the blob that was committed last */
    char model_id[PROTO_ID_MAX]; /* "" when the job left no model */
    char *description;           /* the model's */
    bool terminal;
} fake_state;

/* A job of `folds` runs over n pairs; spec_fields: more of the spec, starting with a comma, or "". */
store *fake_store_new(uint32_t folds, uint32_t n, uint32_t timeout_s, const char *spec_fields);
/* The same with several variants, each of `folds` runs; spec_fields has their "objectives". */
store *fake_store_new_variants(uint32_t variants, uint32_t folds, uint32_t n, uint32_t timeout_s,
                               const char *spec_fields);
/* A benchmark of so many variants and repetitions, without data; spec_fields is all but the kind. */
store *fake_store_new_benchmark(uint32_t variants, uint32_t repetitions, uint32_t timeout_s,
                                const char *spec_fields);
void fake_store_free(store *s);

/* The next `times` calls of that kind fail. */
void fake_store_fail(store *s, fake_call call, mi_status status, unsigned times);
void fake_store_cancel(store *s);
/* Another daemon took the runs that are leased now: their holders' calls are MI_STALE. */
void fake_store_steal(store *s);
void fake_store_drop_data(store *s);
void fake_store_damage_checkpoints(store *s);
/* Every lease is void and the job can be claimed anew, as after a restart. */
void fake_store_restart(store *s);

/* A look at the books; lock held between the two. */
const fake_state *fake_store_lock(store *s);
void fake_store_unlock(store *s);
bool fake_store_checkpointed(store *s);

#endif
