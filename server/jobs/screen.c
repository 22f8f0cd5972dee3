/*
 * The last run of a screen: merge what its parts found, and keep the lists.
 */
#include "proto/screen.h"
#include "base/log.h"
#include "combine.h"
#include "run_envelope.h"
#include "screen_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct gathering {
    worker *w;
    const store_run *record;
    screen_subject subject;
    mi_screen_result **parts; /* (n_parts) those that have rows */
    uint32_t n_parts;
    mi_screen_result *whole;
    mi_screen_pair *above; /* best first */
    uint64_t n_above;
    mi_fdr fdr;
    double run_s;
    char blob[PROTO_SHA_HEX];
} gathering;

/* ---- parts ---- */

static mi_status open_part(gathering *g, const store_bytes *packed, const void **above, uint64_t *n_above,
                           mi_error *err)
{
    run_envelope envelope;
    const void *payload;
    size_t n;
    mi_screen_result *part = NULL;
    mi_status status = run_envelope_open(&envelope, &payload, &n, packed->bytes, packed->n, err);
    if (status == MI_OK)
        status = screen_part_unpack(&part, above, n_above, payload, n, err);
    if (status != MI_OK)
        return status;
    g->run_s += envelope.run_s;
    if (part)
        g->parts[g->n_parts++] = part;
    return MI_OK;
}

static mi_status take_above(gathering *g, const void *pairs, uint64_t n, mi_error *err)
{
    if (n == 0)
        return MI_OK;
    if (n > g->subject.spec.max_above - g->n_above)
        return screen_too_many(&g->subject, err);
    mi_screen_pair *grown = realloc(g->above, (size_t)(g->n_above + n) * sizeof *grown);
    if (!grown)
        return mi_fail(err, MI_MEMORY, "%llu pairs above the threshold",
                       (unsigned long long)(g->n_above + n));
    memcpy(grown + g->n_above, pairs, (size_t)n * sizeof *grown);
    g->above = grown;
    g->n_above += n;
    return MI_OK;
}

static mi_status gather(gathering *g, mi_error *err)
{
    store_bytes *packed = NULL;
    size_t n = 0;
    mi_status status = store_run_results(g->w->pool->config.store, g->record, 0, &packed, &n, err);
    if (status != MI_OK)
        return status;
    if (n != g->record->folds)
        status = mi_fail(err, MI_INTERNAL, "%zu run results of %u", n, g->record->folds);
    g->parts = calloc(n + 1, sizeof *g->parts);
    if (!g->parts)
        status = mi_fail(err, MI_MEMORY, "%zu parts of a screen", n);
    for (size_t i = 0; i < n && status == MI_OK; i++) {
        const void *above = NULL;
        uint64_t n_above = 0;
        status = open_part(g, &packed[i], &above, &n_above, err);
        if (status == MI_OK)
            status = take_above(g, above, n_above, err);
    }
    store_run_results_free(packed, n);
    if (status == MI_OK)
        status = combine_hold(g->w, g->record, err);
    if (status == MI_OK)
        status = mi_screen_merge(&g->whole, (const mi_screen_result *const *)g->parts, g->n_parts, err);
    for (uint32_t i = 0; i < g->n_parts; i++)
        mi_screen_result_free(g->parts[i]);
    g->n_parts = 0;
    return status;
}

/* ---- above ---- */

static int best_first(const void *a, const void *b)
{
    const mi_screen_pair *p = a, *q = b;
    if (p->output != q->output)
        return p->output > q->output ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->y > q->y) - (p->y < q->y);
}

/* The longest beginning of the list of which at most the target is expected to be false. */
static uint64_t count_within(const gathering *g, double target)
{
    const mi_null null = screen_null(&g->subject);
    const double scored = (double)g->whole->summary.n_scored;
    for (uint64_t k = g->n_above; k > 0; k--) {
        const float output = g->above[k - 1].output;
        if (k < g->n_above && g->above[k].output == output)
            continue; /* the pairs at or above its score are more than k */
        const double p = mi_null_p_value(&null, mi_screen_score(&g->whole->spec, output));
        if (scored * p <= target * (double)k)
            return k;
    }
    return 0;
}

static void choose_above(gathering *g)
{
    const proto_screen *screen = &g->subject.job->screen;
    const mi_null null = screen_null(&g->subject);
    double threshold = g->subject.spec.threshold;
    if (g->n_above > 0)
        qsort(g->above, g->n_above, sizeof *g->above, best_first);
    if (screen->above == PROTO_ABOVE_FDR) {
        g->n_above = count_within(g, screen->above_value);
        threshold =
            g->n_above > 0 ? mi_screen_score(&g->whole->spec, g->above[g->n_above - 1].output) : (double)NAN;
    }
    mi_fdr_at(&g->fdr, &null, threshold, g->whole->summary.n_scored, g->n_above, 1.0);
}

/* ---- the end ---- */

static mi_status keep_lists(void *ctx, mi_error *err)
{
    gathering *g = ctx;
    const proto_screen_parts parts = {.result = g->whole,
                                      .above = g->above,
                                      .n_above = g->n_above,
                                      .rows = {g->subject.rows[0], g->subject.rows[1]},
                                      .null = screen_null(&g->subject)};
    store_blob_writer *blob = NULL;
    mi_status status = store_blob_begin(g->w->pool->config.store, &blob, err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(blob);
    status = proto_screen_write(&parts, &output, err);
    if (status == MI_OK)
        return store_blob_commit(blob, g->blob, err);
    store_blob_abort(blob);
    return status;
}

static mi_status succeed(void *ctx, mi_error *err)
{
    const gathering *g = ctx;
    const screen_subject *s = &g->subject;
    const proto_result_context context = combine_context(g->w, g->record);
    const proto_screen_outcome outcome = {
        .job_id = context.job_id,
        .kernel = context.kernel,
        .job = s->job,
        .result = g->whole,
        .missing = {&s->missing[0], &s->missing[1]},
        .pairs = s->pairs,
        .known = s->known,
        .same = s->same,
        .model_pairs = s->model_pairs,
        .above = s->spec.above ? &g->fdr : NULL,
        .n_null = s->model.n_null,
        .wall_s = context.wall_s,
        .run_s = g->run_s,
    };
    proto_text text;
    proto_text_init(&text, RESULT_MAX);
    proto_screen_result_encode(&outcome, &text);
    const store_outcome kept = {.result = text.data, .screen_blob = g->blob};
    const mi_status status = proto_text_ok(&text)
                                 ? store_job_succeed(g->w->pool->config.store, g->record, &kept, err)
                                 : mi_fail(err, MI_MEMORY, "encoding the result");
    proto_text_fini(&text);
    return status;
}

mi_status combine_screen(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err)
{
    const char *const sha256[3] = {record->blob_x, record->blob_y, record->blob_model};
    gathering g = {.w = w, .record = record};
    mi_status status = screen_subject_open(&g.subject, inputs->store, inputs->job, sha256, err);
    if (status != MI_OK)
        return status;
    status = gather(&g, err);
    if (status == MI_OK && g.subject.spec.above)
        choose_above(&g);
    if (status == MI_OK)
        status = combine_hold(w, record, err);
    if (status == MI_OK)
        status = worker_persist(w, record, keep_lists, &g, err);
    if (status == MI_OK)
        status = worker_persist(w, record, succeed, &g, err);
    mi_screen_result_free(g.whole);
    free(g.above);
    free(g.parts);
    screen_subject_close(&g.subject);
    return status;
}
