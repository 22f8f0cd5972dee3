/*
 * A run's checkpoint and its result.
 *
 * A checkpoint saves what training has changed and nothing that preparation computes again from the data:
 *
 *     header | weights, moments, average (4, n_params) | best (n_params) | curve (n_curve) | checksum of all
 * before
 *
 * Little-endian, as this machine's; a big-endian build would not compile.
 */
#include "checksum.h"
#include "run_internal.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "checkpoints are written as they lie in memory");

#define MAGIC 0x33504b4349554d21u /* names the format and its version */

typedef struct header {
    uint64_t magic, n_params, seed, n_rows;
    uint32_t replicate, fold, dim_x, dim_y;
    uint32_t step, n_curve, next_evaluation, best_step, batches, finished, diverged;
    double best_loss, loss_sum, diagonal_sum, log_partition;
} header;

static size_t state_bytes(const mi_run *run)
{
    return 4 * run->trainer.n_params * sizeof(float);
}
static size_t best_bytes(const mi_run *run)
{
    return run->trainer.n_params * sizeof(float);
}

static size_t total_bytes(const mi_run *run, uint32_t n_curve)
{
    return sizeof(header) + state_bytes(run) + best_bytes(run) + n_curve * sizeof(mi_curve_point) +
           sizeof(uint64_t);
}

uint64_t mi_run_checkpoint_bytes(const mi_run *run)
{
    return total_bytes(run, run->max_curve);
}

static header identity(const mi_run *run)
{
    header h;
    memset(&h, 0, sizeof h); /* padding too: it is written */
    h.magic = MAGIC;
    h.n_params = run->trainer.n_params;
    h.seed = run->spec.seed;
    h.n_rows = run->n_rows;
    h.replicate = run->replicate;
    h.fold = run->fold;
    h.dim_x = run->prepare[MI_SIDE_X].dim_out;
    h.dim_y = run->prepare[MI_SIDE_Y].dim_out;
    return h;
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static const unsigned char *get(const unsigned char *at, void *bytes, size_t n)
{
    memcpy(bytes, at, n);
    return at + n;
}

size_t mi_run_checkpoint(mi_run *run, void *buffer, size_t capacity)
{
    const train_progress *p = &run->progress;
    if (run->phase == MI_PHASE_PREPARE || run->trainer.step == 0)
        return 0;
    const size_t size = total_bytes(run, p->n_curve);
    if (!buffer || capacity < size)
        return size;
    header h = identity(run);
    h.step = run->trainer.step;
    h.n_curve = p->n_curve;
    h.next_evaluation = p->next_evaluation;
    h.best_step = p->best_step;
    h.batches = p->batches;
    h.finished = (uint32_t)p->finished;
    h.diverged = (uint32_t)p->diverged;
    h.best_loss = p->best_loss;
    h.loss_sum = p->loss_sum;
    h.diagonal_sum = p->diagonal_sum;
    h.log_partition = run->trainer.objective.params.log_partition;

    unsigned char *at = put(buffer, &h, sizeof h);
    at = put(at, run->trainer.state, state_bytes(run));
    at = put(at, run->best, best_bytes(run));
    at = put(at, run->curve, p->n_curve * sizeof *run->curve);
    const uint64_t sum = mi_checksum(buffer, size - sizeof sum);
    put(at, &sum, sizeof sum);
    return size;
}

/* Everything is checked before anything is taken over. */
static int acceptable(const mi_run *run, const void *bytes, size_t n_bytes, header *h)
{
    uint64_t sum = 0;
    if (n_bytes < total_bytes(run, 0))
        return 0;
    get(bytes, h, sizeof *h);
    get((const unsigned char *)bytes + n_bytes - sizeof sum, &sum, sizeof sum);
    const header own = identity(run);
    return sum == mi_checksum(bytes, n_bytes - sizeof sum) && memcmp(h, &own, offsetof(header, step)) == 0 &&
           h->n_curve <= run->max_curve && n_bytes == total_bytes(run, h->n_curve) &&
           h->step <= run->spec.train.max_steps;
}

mi_status mi_run_restore(mi_run *run, const void *bytes, size_t n_bytes, mi_error *err)
{
    mi_progress progress;
    while (run->phase == MI_PHASE_PREPARE) {
        const mi_status status = mi_run_step(run, &progress, err);
        if (status != MI_OK)
            return status;
    }
    header h;
    if (run->phase != MI_PHASE_TRAIN || run->trainer.step != 0 || !acceptable(run, bytes, n_bytes, &h))
        return mi_fail(err, MI_CORRUPT, "the checkpoint is damaged or of another run");
    const unsigned char *at = (const unsigned char *)bytes + sizeof h;
    at = get(at, run->trainer.state, state_bytes(run));
    at = get(at, run->best, best_bytes(run));
    get(at, run->curve, h.n_curve * sizeof *run->curve);
    run->trainer.step = h.step;
    run->trainer.objective.params.log_partition = h.log_partition;
    run->progress = (train_progress){
        .n_curve = h.n_curve,
        .next_evaluation = h.next_evaluation,
        .best_step = h.best_step,
        .batches = h.batches,
        .finished = (int)h.finished,
        .diverged = (int)h.diverged,
        .best_loss = h.best_loss,
        .loss_sum = h.loss_sum,
        .diagonal_sum = h.diagonal_sum,
    };
    return MI_OK;
}

mi_status mi_run_finish(mi_run *run, mi_run_result **out, mi_error *err)
{
    *out = NULL;
    if (run->phase != MI_PHASE_DONE)
        return mi_fail(err, MI_INVALID, "the run is not done");
    const scoring *s = &run->scoring;
    const int baseline = run->spec.critic.baseline == MI_BASELINE_GAUSSIAN;
    const mi_run_result view = {
        .replicate = run->replicate,
        .fold = run->fold,
        .n_test = mi_run_reported(run),
        .test_row = run->split.test,
        .pmi = s->pmi,
        .n_null = s->n_null,
        .null_x = s->null_index[MI_SIDE_X],
        .null_y = s->null_index[MI_SIDE_Y],
        .null_pmi = s->null_pmi,
        .n_permutations = s->n_permutations,
        .permuted_mean = s->permuted_mean,
        .n_curve = run->progress.n_curve,
        .curve = run->curve,
        .estimate = s->estimate,
        .train_mi = s->train_mi,
        .slope = s->calibration.slope,
        .log_scale = s->calibration.log_scale,
        .infonce = s->infonce,
        .nwj = s->nwj,
        .dv = s->dv,
        .infonce_ceiling = s->infonce_ceiling,
        .baseline_shrinkage = !baseline               ? -1.0
                              : isinf(run->shrinkage) ? 1e300
                                                      : run->shrinkage,
        .baseline_mi = baseline ? mi_gaussian_mi(&run->gaussian) : 0.0,
        .steps = run->trainer.step,
        .best_step = run->spec.train.early_stopping ? run->progress.best_step : run->trainer.step,
        .diverged = (uint32_t)run->progress.diverged,
        .dims_x = run->prepare[MI_SIDE_X].dim_out,
        .dims_y = run->prepare[MI_SIDE_Y].dim_out,
        .constant_x = run->prepare[MI_SIDE_X].n_constant,
        .constant_y = run->prepare[MI_SIDE_Y].n_constant,
    };
    /* The result owns its arrays: a copy is what packing and unpacking make. */
    const size_t n_bytes = mi_run_result_pack(&view, NULL, 0);
    void *bytes = malloc(n_bytes);
    if (!bytes)
        return mi_fail(err, MI_MEMORY, "no memory for a result of %zu bytes", n_bytes);
    mi_run_result_pack(&view, bytes, n_bytes);
    const mi_status status = mi_run_result_unpack(out, bytes, n_bytes, err);
    free(bytes);
    return status;
}
