#include "proto/result.h"
#include "proto/scores.h"

#include <inttypes.h>

static void write_pair(const proto_scores *s, uint64_t i, proto_json_writer *w)
{
    proto_write_object(w, NULL);
    if (s->pairs) {
        size_t n;
        const char *id = proto_pair_source_id(s->pairs, 0, i, &n);
        proto_write_string_n(w, "x_id", id, n);
        id = proto_pair_source_id(s->pairs, 1, i, &n);
        proto_write_string_n(w, "y_id", id, n);
    } else {
        proto_write_u64(w, "row", i);
    }
    proto_write_double(w, "pmi", s->pmi[i]);
    proto_write_double(w, "percentile", s->percentile[i]);
    proto_write_double(w, "p_value", s->p_value[i]);
    proto_write_double(w, "q_value", s->q_value[i]);
    if (s->trained)
        proto_write_bool(w, "trained", s->trained[i]);
    else
        proto_write_null(w, "trained");
    proto_write_end_object(w);
}

static void write_head(const proto_scores *s, proto_json_writer *w)
{
    uint64_t trained = 0;
    for (uint64_t i = 0; s->trained && i < s->n; i++)
        trained += s->trained[i];
    proto_write_string(w, "object", "list");
    proto_write_string(w, "unit", "nats");
    proto_write_string(w, "model", s->model);
    proto_write_u64(w, "total", s->n);
    if (s->trained)
        proto_write_u64(w, "trained", trained);
    else
        proto_write_null(w, "trained");
    proto_write_object(w, "null");
    proto_write_string(w, "kind", "model");
    proto_write_u64(w, "pairs", s->null_pairs);
    proto_write_end_object(w);
    if (!s->missing[0])
        return;
    proto_write_object(w, "missing");
    proto_missing_ids_encode(s->missing[0], "x", w);
    proto_missing_ids_encode(s->missing[1], "y", w);
    proto_write_end_object(w);
}

void proto_scores_encode_json(const proto_scores *scores, proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    write_head(scores, &w);
    proto_write_array(&w, "data");
    for (uint64_t i = 0; i < scores->n && proto_text_ok(out); i++)
        write_pair(scores, i, &w);
    proto_write_end_array(&w);
    proto_write_end_object(&w);
}

void proto_scores_encode_csv(const proto_scores *s, proto_text *out)
{
    proto_text_printf(out, "%s,pmi,percentile,p_value,q_value,trained\n", s->pairs ? "x_id,y_id" : "row");
    for (uint64_t i = 0; i < s->n && proto_text_ok(out); i++) {
        const double values[] = {s->pmi[i], s->percentile[i], s->p_value[i], s->q_value[i]};
        if (s->pairs) {
            size_t n;
            const char *id = proto_pair_source_id(s->pairs, 0, i, &n);
            proto_csv_field(id, n, out);
            proto_text_append(out, ",", 1);
            id = proto_pair_source_id(s->pairs, 1, i, &n);
            proto_csv_field(id, n, out);
        } else {
            proto_text_printf(out, "%" PRIu64, i);
        }
        for (int k = 0; k < 4; k++) {
            proto_text_append(out, ",", 1);
            proto_csv_double(values[k], out);
        }
        proto_text_puts(out, !s->trained ? ",\n" : s->trained[i] ? ",true\n" : ",false\n");
    }
}

void proto_scores_encode_npy(const proto_scores *s, proto_text *out)
{
    proto_npy_header_f8(s->n, 4, out);
    for (uint64_t i = 0; i < s->n; i++) {
        const double row[] = {s->pmi[i], s->percentile[i], s->p_value[i], s->q_value[i]};
        proto_text_append(out, row, sizeof row);
    }
}
