/*
 * Members of the result object, for whoever encodes one: a single estimate or a row of a comparison.
 */
#ifndef PROTO_RESULT_PARTS_H
#define PROTO_RESULT_PARTS_H

#include "proto/result.h"

/* An estimate on its way out; remembers which of its figures had to become null. */
typedef struct result_encoding {
    proto_json_writer w;
    char lost[160]; /* their names */
} result_encoding;

void proto_part_mi(result_encoding *e, const mi_estimate *estimate);
/* All null where there is no critic. */
void proto_part_bracket(result_encoding *e, const mi_estimate *estimate, bool has_critic);
void proto_part_calibration(result_encoding *e, const mi_estimate *estimate, bool calibrated);
void proto_part_null(result_encoding *e, const mi_estimate *estimate);
void proto_part_permutation(result_encoding *e, const mi_estimate *estimate);
void proto_part_timing(result_encoding *e, uint64_t steps, const mi_spec *spec,
                       const proto_result_context *context);
/* How the pairs were split; who is in them, NULL where they are by row. */
void proto_part_split(result_encoding *e, const mi_estimate *estimate, const mi_spec *spec);
void proto_part_pairs(result_encoding *e, const proto_pairs *pairs);
/* Behind all figures: those that are not finite add a warning of their own. pairs: NULL, or those of a job,
 * whose ids without an embedding do. */
void proto_part_warnings(result_encoding *e, const mi_estimate *estimate, const proto_pairs *pairs);
/* "/v1/jobs/{id}/{what}", or null. */
void proto_part_link(result_encoding *e, const char *key, bool present, const char *job_id, const char *what);

#endif
