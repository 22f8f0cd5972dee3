/*
 * Training on pairs that are drawn for each step, and training that goes on from one run to the next.
 */
#include "run_internal.h"

#include <assert.h>
#include <string.h>

void mi_run_set_feed(mi_run *run, const mi_run_feed *feed)
{
    assert(run->method == &mi_run_critic && run->trainer.step == 0);
    run->feed = *feed;
}

void mi_run_feed_minibatch(mi_run *run, uint32_t step)
{
    const mi_run_feed *feed = &run->feed;
    feed->fill(feed->context, step, run->batch, feed->rows[MI_SIDE_X], feed->rows[MI_SIDE_Y]);
    for (int side = 0; side < 2; side++) {
        mi_matrix raw = run->data[side];
        raw.data = feed->rows[side];
        raw.rows = run->batch;
        raw.index = NULL;
        mi_prepare_apply(&run->prepare[side], &run->arena, raw, NULL, run->batch, run->minibatch.rows[side]);
    }
    if (mi_run_base_width(run))
        mi_run_baseline_columns(run, &run->minibatch);
}

mi_status mi_run_continue(mi_run *run, const float *state, size_t n_params, uint32_t step,
                          double log_partition, mi_error *err)
{
    assert(run->phase == MI_PHASE_TRAIN && run->progress.n_curve == 0);
    if (n_params != run->trainer.n_params)
        return mi_fail(err, MI_UNSUPPORTED, "a critic of %zu parameters cannot go on from one of %zu",
                       run->trainer.n_params, n_params);
    memcpy(run->trainer.state, state, 4 * n_params * sizeof *state);
    memcpy(run->best, mi_trainer_evaluated(&run->trainer), n_params * sizeof *run->best);
    run->trainer.step = step;
    run->trainer.objective.params.log_partition = log_partition;
    return MI_OK;
}
