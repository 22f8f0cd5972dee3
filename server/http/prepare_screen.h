/*
 * From a screen as submitted to one that can be run: its model, its data, the runs it is made of.
 */
#ifndef HTTP_PREPARE_SCREEN_H
#define HTTP_PREPARE_SCREEN_H

#include "proto/job.h"
#include "request.h"

/* MI_OK: look at problem, to which everything is added that is wrong with the job. Other states are the
 * store's. Blocks, up to some hundred ms; not for the loop thread. */
mi_status http_prepare_screen(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err);

#endif
