/*
 * A job from anywhere: a refusal names what is wrong; what is accepted encodes to a spec that decodes to the
 * same spec.
 */
#include "fuzz.h"
#include "proto/job.h"

#include <stdlib.h>
#include <string.h>

static char *encode(const proto_job *job, size_t *n)
{
    proto_text text;
    proto_text_init(&text, 1 << 24);
    proto_job_encode_spec(job, &text);
    char *taken = proto_text_take(&text, n);
    if (!taken)
        abort();
    return taken;
}

static void check_refusal(const proto_problem *problem)
{
    proto_text text;
    proto_json *json;
    proto_text_init(&text, 1 << 20);
    if (!proto_problem_any(problem))
        abort();
    proto_problem_encode(problem, "req_1", &text);
    if (proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, NULL) != MI_OK)
        abort();
    proto_json_free(json);
    proto_text_fini(&text);
}

static void check_round_trip(const proto_job *job, const proto_limits *limits)
{
    size_t n, n_again;
    proto_problem problem;
    proto_job *again;
    char *text = encode(job, &n);
    if (proto_job_decode(&again, text, n, limits, &problem) != MI_OK)
        abort();
    char *text_again = encode(again, &n_again);
    if (n != n_again || memcmp(text, text_again, n) != 0)
        abort();
    if (memcmp(&job->spec, &again->spec, sizeof job->spec) != 0)
        abort();
    free(text);
    free(text_again);
    proto_job_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    proto_limits limits;
    proto_problem problem;
    proto_job *job;
    proto_limits_default(&limits);
    if (proto_job_decode(&job, (const char *)bytes, n, &limits, &problem) == MI_OK) {
        check_round_trip(job, &limits);
        proto_job_free(job);
    } else {
        check_refusal(&problem);
    }
    return 0;
}
