/*
 * What an engine implements, and what all engines share.
 *
 * An engine embeds `struct store` first and fills `ops`; store.c dispatches. Blobs, scratch files and the
 * folder's lock are files for every engine (store_files.h). Contracts of the functions: store.h.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/store.h"
#include "store_files.h"

typedef struct store_ops {
    void (*close)(store *s);
    mi_status (*ready)(store *s, mi_error *err);

    mi_status (*dataset_put)(store *s, const proto_dataset_record *dataset, bool *created, mi_error *err);
    mi_status (*dataset_get)(store *s, const char *name, proto_dataset_record *out, mi_error *err);
    mi_status (*dataset_list)(store *s, const char *after, proto_dataset_record *out, size_t *n,
                              mi_error *err);
    mi_status (*dataset_delete)(store *s, const char *name, mi_error *err);

    mi_status (*job_submit)(store *s, const store_submission *submission, proto_job_record *out,
                            bool *existed, mi_error *err);
    mi_status (*job_get)(store *s, const char *id, proto_job_record *out, mi_error *err);
    mi_status (*job_list)(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                          mi_error *err);
    mi_status (*job_cancel)(store *s, const char *id, proto_job_record *out, mi_error *err);
    mi_status (*job_delete)(store *s, const char *id, mi_error *err);
    mi_status (*events)(store *s, const char *job_id, uint64_t after, proto_event *out, size_t *n,
                        mi_error *err);
    mi_status (*curve)(store *s, const char *job_id, proto_curve_row **out, size_t *n, mi_error *err);
    mi_status (*stats)(store *s, store_queue_stats *out, mi_error *err);

    mi_status (*run_claim)(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err);
    mi_status (*run_renew)(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err);
    mi_status (*run_report)(store *s, const store_run *run, const store_report *report, bool *canceled,
                            mi_error *err);
    mi_status (*checkpoint_put)(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err);
    mi_status (*checkpoint_get)(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err);
    mi_status (*run_finish)(store *s, const store_run *run, const void *result, size_t n, mi_error *err);
    mi_status (*run_results)(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                             mi_error *err);
    mi_status (*run_release)(store *s, const store_run *run, mi_error *err);
    mi_status (*job_succeed)(store *s, const store_run *combine, const store_outcome *outcome, mi_error *err);
    mi_status (*job_fail)(store *s, const store_run *run, const char *problem, mi_error *err);

    mi_status (*model_get)(store *s, const char *name, proto_model_record *out, mi_error *err);
    mi_status (*model_list)(store *s, const store_model_filter *filter, proto_model_record *out, size_t *n,
                            mi_error *err);
    mi_status (*model_update)(store *s, const char *name, const proto_model_patch *patch,
                              proto_model_record *out, mi_error *err);
    mi_status (*model_delete)(store *s, const char *name, mi_error *err);

    mi_status (*sweep)(store *s, const store_retention *retention, store_swept *out, mi_error *err);
} store_ops;

struct store {
    const store_ops *ops;
    store_files files;
    uint32_t max_attempts; /* >= 1 */
    store_listener *listener;
    void *listener_ctx;
};

#endif
