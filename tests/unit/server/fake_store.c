#include "fake_store.h"

#include "base/ids.h"
#include "mi/run.h"
#include "proto/matrix.h"
#include "proto/text.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB_ID "job_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define SHA_X  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_Y  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_P  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

typedef struct fake_run {
    uint64_t token; /* of the newest claim */
    bool leased, done;
    store_bytes checkpoint, result;
} fake_run;

struct store {
    pthread_mutex_t lock;
    fake_state state;
    fake_run runs[FAKE_RUNS_MAX]; /* by variant and fold, or repetition, then the combining one */
    uint32_t variants, folds, timeout_s;
    bool benchmark; /* folds are repetitions */
    int64_t started_ms;
    uint64_t next_token;
    char *spec;
    store_bytes data[2];
    bool canceling;
    mi_status fail[FAKE_CALLS];
    unsigned fail_times[FAKE_CALLS];
};

struct store_blob_writer {
    store *s;
    proto_text bytes;
};

static mi_status write_text(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, bytes, n);
    return MI_OK;
}

static store_bytes make_matrix(uint32_t n, unsigned side)
{
    proto_text text;
    float *values = malloc(n * sizeof *values);
    uint64_t state = 12345;
    for (uint32_t i = 0; i < n;
         i++) { /* y is x with noise; a fixed linear congruence is enough of a source */
        float noise[2];
        for (int k = 0; k < 2; k++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            noise[k] = (float)(state >> 40) / (float)(1 << 24);
        }
        values[i] = noise[0] + (side ? 0.3f * noise[1] : 0.0f);
    }
    proto_text_init(&text, 1 << 24);
    const proto_output out = {write_text, &text};
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, n, 1}, &out, NULL), MI_OK);
    free(values);
    store_bytes blob;
    blob.bytes = proto_text_take(&text, &blob.n);
    return blob;
}

store *fake_store_new(uint32_t folds, uint32_t n, uint32_t timeout_s, const char *spec_fields)
{
    return fake_store_new_variants(1, folds, n, timeout_s, spec_fields);
}

/* Runs but for the combining one. */
static uint32_t n_runs(const store *s)
{
    return s->variants * s->folds;
}

static store *new_store(uint32_t variants, uint32_t folds, uint32_t timeout_s)
{
    store *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_lt(variants * folds, FAKE_RUNS_MAX);
    pthread_mutex_init(&s->lock, NULL);
    s->variants = variants;
    s->folds = folds;
    s->timeout_s = timeout_s;
    return s;
}

store *fake_store_new_variants(uint32_t variants, uint32_t folds, uint32_t n, uint32_t timeout_s,
                               const char *spec_fields)
{
    store *s = new_store(variants, folds, timeout_s);
    ck_assert_int_gt(asprintf(&s->spec,
                              "{\"x\":{\"sha256\":\"" SHA_X "\",\"rows\":%u,\"columns\":1},"
                              "\"y\":{\"sha256\":\"" SHA_Y "\",\"rows\":%u,\"columns\":1},"
                              "\"split\":{\"folds\":%u},\"null_pairs\":1000%s}",
                              n, n, folds, spec_fields),
                     0);
    for (unsigned side = 0; side < 2; side++)
        s->data[side] = make_matrix(n, side);
    return s;
}

store *fake_store_new_benchmark(uint32_t variants, uint32_t repetitions, uint32_t timeout_s,
                                const char *spec_fields)
{
    store *s = new_store(variants, repetitions, timeout_s);
    s->benchmark = true;
    ck_assert_int_gt(asprintf(&s->spec, "{\"kind\":\"benchmark\",%s}", spec_fields), 0);
    return s;
}

void fake_store_free(store *s)
{
    for (uint32_t i = 0; i <= n_runs(s); i++) {
        free(s->runs[i].checkpoint.bytes);
        free(s->runs[i].result.bytes);
    }
    for (int side = 0; side < 2; side++)
        free(s->data[side].bytes);
    free(s->state.result);
    free(s->state.problem);
    free(s->state.description);
    free(s->state.pmi.bytes);
    free(s->spec);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- what tests do to it ---- */

const fake_state *fake_store_lock(store *s)
{
    pthread_mutex_lock(&s->lock);
    return &s->state;
}

void fake_store_unlock(store *s)
{
    pthread_mutex_unlock(&s->lock);
}

void fake_store_fail(store *s, fake_call call, mi_status status, unsigned times)
{
    fake_store_lock(s);
    s->fail[call] = status;
    s->fail_times[call] = times;
    fake_store_unlock(s);
}

void fake_store_cancel(store *s)
{
    fake_store_lock(s);
    s->canceling = true;
    fake_store_unlock(s);
}

static void void_leases(store *s)
{
    for (uint32_t i = 0; i <= n_runs(s); i++) {
        s->runs[i].token = ++s->next_token;
        s->runs[i].leased = false;
    }
}

void fake_store_steal(store *s)
{
    fake_store_lock(s);
    void_leases(s);
    s->state.terminal = true;
    fake_store_unlock(s);
}

void fake_store_restart(store *s)
{
    fake_store_lock(s);
    void_leases(s);
    fake_store_unlock(s);
}

void fake_store_drop_data(store *s)
{
    free(s->data[1].bytes);
    s->data[1] = (store_bytes){0};
}

void fake_store_damage_checkpoints(store *s)
{
    for (uint32_t i = 0; i < n_runs(s); i++)
        if (s->runs[i].checkpoint.n > 0)
            ((char *)s->runs[i].checkpoint.bytes)[s->runs[i].checkpoint.n / 2] ^= 0x40;
}

bool fake_store_checkpointed(store *s)
{
    bool all = true;
    fake_store_lock(s);
    for (uint32_t i = 0; i < n_runs(s); i++)
        all = all && (s->runs[i].checkpoint.n > 0 || s->runs[i].done);
    fake_store_unlock(s);
    return all;
}

/* ---- what workers call ---- */

/* Lock, count, and fail if told so. The lock is held afterwards either way. */
static mi_status begin(store *s, fake_call call, mi_error *err)
{
    fake_store_lock(s);
    s->state.calls[call]++;
    if (s->fail_times[call] == 0)
        return MI_OK;
    s->fail_times[call]--;
    return mi_fail(err, s->fail[call], "told to fail");
}

static mi_status end(store *s, mi_status status)
{
    fake_store_unlock(s);
    return status;
}

static mi_status check_token(store *s, const store_run *run, mi_error *err)
{
    const fake_run *r = &s->runs[run->id];
    if (s->state.terminal || r->token != run->token || !r->leased)
        return mi_fail(err, MI_STALE, "stale");
    return MI_OK;
}

static mi_status begin_of_run(store *s, fake_call call, const store_run *run, mi_error *err)
{
    mi_status status = begin(s, call, err);
    return status == MI_OK ? check_token(s, run, err) : status;
}

static void keep(store_bytes *to, const void *bytes, size_t n)
{
    free(to->bytes);
    to->bytes = malloc(n + 1);
    ck_assert_ptr_nonnull(to->bytes);
    memcpy(to->bytes, bytes, n);
    to->n = n;
}

mi_status store_run_claim(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err)
{
    (void)owner;
    (void)lease_ms;
    mi_status status = begin(s, FAKE_CLAIM, err);
    if (status != MI_OK)
        return end(s, status);
    uint32_t done = 0, free_run = UINT32_MAX;
    for (uint32_t i = n_runs(s); i-- > 0;) {
        done += s->runs[i].done;
        if (!s->runs[i].done && !s->runs[i].leased)
            free_run = i;
    }
    if (done == n_runs(s) && !s->runs[n_runs(s)].leased)
        free_run = n_runs(s);
    if (s->state.terminal || s->canceling || free_run == UINT32_MAX)
        return end(s, MI_NOT_FOUND);
    if (s->started_ms == 0)
        s->started_ms = clock_unix_ms();
    s->runs[free_run].leased = true;
    s->runs[free_run].token = ++s->next_token;
    *out = (store_run){.id = free_run,
                       .token = s->next_token,
                       .job_id = JOB_ID,
                       .combine = free_run == n_runs(s),
                       .variant = free_run == n_runs(s) ? 0 : free_run / s->folds,
                       .replicate = s->benchmark ? free_run % s->folds : 0,
                       .fold = s->benchmark ? 0 : free_run % s->folds,
                       .attempt = 1,
                       .job_started_ms = s->started_ms,
                       .timeout_s = s->timeout_s,
                       .folds = s->benchmark ? 1 : s->folds,
                       .replicates = s->benchmark ? s->folds : 1,
                       .variants = s->variants,
                       .spec = strdup(s->spec)};
    if (!s->benchmark) {
        memcpy(out->blob_x, SHA_X, sizeof out->blob_x);
        memcpy(out->blob_y, SHA_Y, sizeof out->blob_y);
    }
    return end(s, MI_OK);
}

void store_run_fini(store_run *run)
{
    free(run->spec);
    run->spec = NULL;
}

mi_status store_run_renew(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err)
{
    (void)lease_ms;
    mi_status status = begin_of_run(s, FAKE_RENEW, run, err);
    *canceled = s->canceling;
    return end(s, status);
}

mi_status store_run_report(store *s, const store_run *run, const store_report *report, bool *canceled,
                           mi_error *err)
{
    mi_status status = begin_of_run(s, FAKE_REPORT, run, err);
    *canceled = s->canceling;
    for (size_t i = 0; status == MI_OK && i < report->n_points; i++) {
        bool known = false;
        for (size_t k = 0; k < s->state.n_points; k++)
            known = known || (s->state.points[k].variant == report->points[i].variant &&
                              s->state.points[k].replicate == report->points[i].replicate &&
                              s->state.points[k].fold == report->points[i].fold &&
                              s->state.points[k].point.step == report->points[i].point.step);
        ck_assert_uint_lt(s->state.n_points, FAKE_POINTS_MAX);
        if (!known)
            s->state.points[s->state.n_points++] = report->points[i];
    }
    return end(s, status);
}

mi_status store_checkpoint_put(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err)
{
    mi_status status = begin_of_run(s, FAKE_CHECKPOINT_PUT, run, err);
    if (status == MI_OK)
        keep(&s->runs[run->id].checkpoint, bytes, n);
    return end(s, status);
}

mi_status store_checkpoint_get(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err)
{
    store_bytes copy = {0};
    fake_store_lock(s);
    mi_status status = check_token(s, run, err);
    const store_bytes *kept = &s->runs[run->id].checkpoint;
    if (status == MI_OK && kept->n == 0)
        status = mi_fail(err, MI_NOT_FOUND, "none");
    if (status == MI_OK) {
        keep(&copy, kept->bytes, kept->n);
        *bytes = copy.bytes;
        *n = copy.n;
        s->state.restored++;
    }
    return end(s, status);
}

mi_status store_run_finish(store *s, const store_run *run, const void *result, size_t n, mi_error *err)
{
    mi_status status = begin_of_run(s, FAKE_FINISH, run, err);
    if (status == MI_OK) {
        keep(&s->runs[run->id].result, result, n);
        s->runs[run->id].done = true;
        s->runs[run->id].leased = false;
    }
    return end(s, status);
}

mi_status store_run_results(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                            mi_error *err)
{
    fake_store_lock(s);
    mi_status status = check_token(s, run, err);
    if (status == MI_OK) {
        *n = s->folds;
        *out = calloc(*n, sizeof **out);
        for (size_t i = 0; i < *n; i++)
            keep(&(*out)[i], s->runs[variant * s->folds + i].result.bytes,
                 s->runs[variant * s->folds + i].result.n);
    }
    return end(s, status);
}

void store_run_results_free(store_bytes *results, size_t n)
{
    for (size_t i = 0; results && i < n; i++)
        free(results[i].bytes);
    free(results);
}

mi_status store_run_release(store *s, const store_run *run, mi_error *err)
{
    fake_store_lock(s);
    mi_status status = check_token(s, run, err);
    if (status == MI_OK) {
        s->runs[run->id].leased = false;
        s->state.released++;
    }
    return end(s, status);
}

mi_status store_job_succeed(store *s, const store_run *run, const store_outcome *outcome, mi_error *err)
{
    mi_status status = begin_of_run(s, FAKE_SUCCEED, run, err);
    if (status == MI_OK) {
        s->state.result = strdup(outcome->result);
        if (outcome->model) {
            snprintf(s->state.model_id, sizeof s->state.model_id, "%s", outcome->model->id);
            s->state.description = strdup(outcome->model->description);
        }
        s->state.terminal = true;
    }
    return end(s, status);
}

mi_status store_job_fail(store *s, const store_run *run, const char *problem, mi_error *err)
{
    fake_store_lock(s);
    mi_status status = check_token(s, run, err);
    if (status == MI_OK) {
        s->state.problem = strdup(problem);
        s->state.terminal = true;
    }
    return end(s, status);
}

mi_status store_blob_map(store *s, const char *sha256, store_mapping *out, mi_error *err)
{
    const store_bytes *blob = &s->data[strcmp(sha256, SHA_X) != 0];
    *out = (store_mapping){.bytes = blob->bytes, .n = blob->n};
    return blob->bytes ? MI_OK : mi_fail(err, MI_NOT_FOUND, "no such blob");
}

void store_blob_unmap(store *s, store_mapping *mapping)
{
    (void)s;
    *mapping = (store_mapping){0};
}

mi_status store_blob_begin(store *s, store_blob_writer **out, mi_error *err)
{
    (void)err;
    *out = calloc(1, sizeof **out);
    (*out)->s = s;
    proto_text_init(&(*out)->bytes, 1 << 24);
    return MI_OK;
}

mi_status store_blob_write(store_blob_writer *w, const void *bytes, size_t n, mi_error *err)
{
    return write_text(&w->bytes, bytes, n, err);
}

static mi_status write_blob(void *w, const void *bytes, size_t n, mi_error *err)
{
    return store_blob_write(w, bytes, n, err);
}

proto_output store_blob_output(store_blob_writer *w)
{
    return (proto_output){write_blob, w};
}

mi_status store_blob_commit(store_blob_writer *w, char sha256[PROTO_SHA_HEX], mi_error *err)
{
    store *s = w->s;
    mi_status status = begin(s, FAKE_BLOB_COMMIT, err);
    if (status == MI_OK) {
        keep(&s->state.pmi, w->bytes.data, w->bytes.length);
        memcpy(sha256, SHA_P, PROTO_SHA_HEX);
    }
    end(s, status);
    store_blob_abort(w);
    return status;
}

void store_blob_abort(store_blob_writer *w)
{
    if (!w)
        return;
    proto_text_fini(&w->bytes);
    free(w);
}
