#include "store_engine.h"

#include <assert.h>
#include <stdlib.h>

void store_close(store *s)
{
    if (s)
        s->ops->close(s);
}

mi_status store_ready(store *s, mi_error *err)
{
    return s->ops->ready(s, err);
}

mi_status store_scratch_open(store *s, int *fd, mi_error *err)
{
    return store_files_scratch(&s->files, fd, err);
}

mi_status store_dataset_put(store *s, const proto_dataset_record *dataset, bool *created, mi_error *err)
{
    return s->ops->dataset_put(s, dataset, created, err);
}

mi_status store_dataset_get(store *s, const char *name, proto_dataset_record *out, mi_error *err)
{
    return s->ops->dataset_get(s, name, out, err);
}

mi_status store_dataset_list(store *s, const char *after, proto_dataset_record *out, size_t *n, mi_error *err)
{
    return s->ops->dataset_list(s, after, out, n, err);
}

mi_status store_dataset_delete(store *s, const char *name, mi_error *err)
{
    return s->ops->dataset_delete(s, name, err);
}

mi_status store_job_submit(store *s, const store_submission *submission, proto_job_record *out, bool *existed,
                           mi_error *err)
{
    assert(submission->variants > 0 && submission->replicates > 0 && submission->folds > 0);
    return s->ops->job_submit(s, submission, out, existed, err);
}

mi_status store_job_get(store *s, const char *id, proto_job_record *out, mi_error *err)
{
    return s->ops->job_get(s, id, out, err);
}

mi_status store_job_list(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                         mi_error *err)
{
    return s->ops->job_list(s, filter, out, n, err);
}

mi_status store_job_cancel(store *s, const char *id, proto_job_record *out, mi_error *err)
{
    return s->ops->job_cancel(s, id, out, err);
}

mi_status store_job_delete(store *s, const char *id, mi_error *err)
{
    return s->ops->job_delete(s, id, err);
}

mi_status store_events(store *s, const char *job_id, uint64_t after, proto_event *out, size_t *n,
                       mi_error *err)
{
    return s->ops->events(s, job_id, after, out, n, err);
}

mi_status store_curve(store *s, const char *job_id, proto_curve_row **out, size_t *n, mi_error *err)
{
    return s->ops->curve(s, job_id, out, n, err);
}

mi_status store_stats(store *s, store_queue_stats *out, mi_error *err)
{
    return s->ops->stats(s, out, err);
}

void store_run_fini(store_run *run)
{
    free(run->spec);
    run->spec = NULL;
}

mi_status store_run_claim(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err)
{
    return s->ops->run_claim(s, owner, lease_ms, out, err);
}

mi_status store_run_renew(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err)
{
    return s->ops->run_renew(s, run, lease_ms, canceled, err);
}

mi_status store_run_report(store *s, const store_run *run, const store_report *report, bool *canceled,
                           mi_error *err)
{
    return s->ops->run_report(s, run, report, canceled, err);
}

mi_status store_checkpoint_put(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err)
{
    return s->ops->checkpoint_put(s, run, bytes, n, err);
}

mi_status store_checkpoint_get(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err)
{
    return s->ops->checkpoint_get(s, run, bytes, n, err);
}

mi_status store_run_finish(store *s, const store_run *run, const void *result, size_t n, mi_error *err)
{
    assert(!run->combine);
    return s->ops->run_finish(s, run, result, n, err);
}

mi_status store_run_results(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                            mi_error *err)
{
    assert(run->combine && variant < run->variants);
    return s->ops->run_results(s, run, variant, out, n, err);
}

void store_run_results_free(store_bytes *results, size_t n)
{
    if (!results)
        return;
    for (size_t i = 0; i < n; i++)
        free(results[i].bytes);
    free(results);
}

mi_status store_run_release(store *s, const store_run *run, mi_error *err)
{
    return s->ops->run_release(s, run, err);
}

mi_status store_job_succeed(store *s, const store_run *combine, const store_outcome *outcome, mi_error *err)
{
    assert(combine->combine);
    return s->ops->job_succeed(s, combine, outcome, err);
}

mi_status store_job_fail(store *s, const store_run *run, const char *problem, mi_error *err)
{
    return s->ops->job_fail(s, run, problem, err);
}

mi_status store_model_get(store *s, const char *name, proto_model_record *out, mi_error *err)
{
    return s->ops->model_get(s, name, out, err);
}

mi_status store_model_list(store *s, const store_model_filter *filter, proto_model_record *out, size_t *n,
                           mi_error *err)
{
    return s->ops->model_list(s, filter, out, n, err);
}

mi_status store_model_update(store *s, const char *name, const proto_model_patch *patch,
                             proto_model_record *out, mi_error *err)
{
    assert(!patch->alias[0] || proto_alias_valid(patch->alias));
    return s->ops->model_update(s, name, patch, out, err);
}

mi_status store_model_delete(store *s, const char *name, mi_error *err)
{
    return s->ops->model_delete(s, name, err);
}

mi_status store_sweep(store *s, const store_retention *retention, store_swept *out, mi_error *err)
{
    return s->ops->sweep(s, retention, out, err);
}
