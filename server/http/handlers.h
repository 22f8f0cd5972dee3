/*
 * The handlers: blocking functions request -> response, run on libuv's pool (those marked on_loop in the
 * router: on the loop).
 */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

#include "negotiate.h"
#include "router.h"

http_handler handle_root, handle_livez, handle_readyz, handle_openapi, handle_metrics, handle_info,
    handle_queue;
http_handler handle_dataset_list, handle_dataset_get, handle_dataset_put, handle_dataset_post,
    handle_dataset_delete;
http_handler handle_job_submit, handle_job_list, handle_job_get, handle_job_cancel, handle_job_delete;
http_handler handle_job_events, handle_job_curve, handle_job_pmi, handle_job_missing, handle_job_screen;
http_handler handle_model_list, handle_model_get, handle_model_patch, handle_model_delete,
    handle_model_weights, handle_model_pmi, handle_model_thresholds, handle_model_screen;

/* A job as the only body of an answer. Takes the record's strings. */
void http_answer_job(http_response *r, const http_request *q, int status, proto_job_record *job);
/* The job that the path names; false: refused. The caller finis it. */
bool http_job_found(const http_request *q, http_response *r, proto_job_record *job);
/* A data set likewise. */
void http_answer_dataset(http_response *r, const http_request *q, int status, proto_dataset_record *dataset);
/* ?format= if given, else Accept, out of a set of formats; false: refused. */
bool http_choose_format(const http_request *q, http_response *r, unsigned offered, http_format *out);
/* The model that the path names by id or alias; false: refused. The caller finis it. */
bool http_model_found(const http_request *q, http_response *r, proto_model_record *out);
/* Seconds until a queue of that depth is likely to have moved on. */
uint32_t http_retry_after(const http_config *config);

#endif
