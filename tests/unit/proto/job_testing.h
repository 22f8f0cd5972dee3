/*
 * Jobs in and out of their documents, for tests.
 */
#ifndef PROTO_TEST_JOB_TESTING_H
#define PROTO_TEST_JOB_TESTING_H

#include "proto/job.h"
#include "testing.h"

#include <stdio.h>

#define JOB_INPUTS "\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"}"

static inline mi_status job_decode(proto_job **job, const char *text, proto_problem *problem)
{
    proto_limits limits;
    proto_limits_default(&limits);
    return proto_job_decode(job, text, strlen(text), &limits, problem);
}

/* Of a document that has to be good. */
static inline proto_job *job_good(const char *text)
{
    proto_job *job;
    proto_problem problem;
    const mi_status status = job_decode(&job, text, &problem);
    ck_assert_msg(status == MI_OK, "%s: %s: %s", text, problem.n_errors ? problem.errors[0].pointer : "",
                  problem.n_errors ? problem.errors[0].detail : problem.detail);
    return job;
}

/* The document is refused for one field, with `part` in the message. */
static inline void job_bad(const char *text, const char *pointer, const char *part)
{
    proto_job *job;
    proto_problem problem;
    ck_assert_msg(job_decode(&job, text, &problem) == MI_INVALID, "accepted: %s", text);
    ck_assert_ptr_null(job);
    ck_assert_int_eq(proto_problem_status(&problem), 422);
    ck_assert_msg(problem.n_errors == 1 && strcmp(problem.errors[0].pointer, pointer) == 0 &&
                      strstr(problem.errors[0].detail, part),
                  "%s: %u errors, %s: %s", text, problem.n_errors, problem.errors[0].pointer,
                  problem.errors[0].detail);
}

/* The resolved spec; the caller frees it. */
static inline char *job_encode(const proto_job *job)
{
    proto_text text;
    proto_text_init(&text, 1 << 20);
    proto_job_encode_spec(job, &text);
    char *taken = proto_text_take(&text, NULL);
    ck_assert_ptr_nonnull(taken);
    return taken;
}

#endif
