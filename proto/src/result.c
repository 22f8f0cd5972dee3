#include "result_parts.h"

void proto_result_encode(const mi_estimate *estimate, const mi_spec *spec,
                         const proto_result_context *context, proto_text *out)
{
    const bool has_critic = mi_spec_has_critic(spec) != 0;
    result_encoding e = {.lost = ""};
    proto_write_init(&e.w, out);
    proto_write_object(&e.w, NULL);
    proto_part_mi(&e, estimate);
    proto_part_bracket(&e, estimate, has_critic);
    proto_part_calibration(&e, estimate, has_critic && spec->calibrate != 0);
    proto_part_null(&e, estimate);
    proto_part_permutation(&e, estimate);
    proto_part_timing(&e, estimate->steps, spec, context);
    proto_part_pairs(&e, context->pairs);
    proto_part_split(&e, estimate, spec);
    proto_part_warnings(&e, estimate, context->pairs);
    proto_part_link(&e, "pmi", context->has_pmi, context->job_id, "pmi");
    proto_part_link(&e, "curve", true, context->job_id, "curve");
    proto_write_string(&e.w, "model", context->model_id);
    proto_write_end_object(&e.w);
}
