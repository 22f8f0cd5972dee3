/*
 * A model's file: what is written is read back, and what is damaged is refused.
 */
#include "proto/model_file.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SPEC[] = "{\"kind\":\"estimate\",\"x\":{\"dataset\":\"a\",\"sha256\":"
                           "\"51ce3e459c75381826a20eebcef4130bf405f88a735d80d10baedcbc1897d3cf\",\"rows\":60,"
                           "\"columns\":2},\"y\":{\"dataset\":\"a\",\"sha256\":"
                           "\"51ce3e459c75381826a20eebcef4130bf405f88a735d80d10baedcbc1897d3cf\",\"rows\":60,"
                           "\"columns\":2}}";

typedef struct sample {
    float weights[6];
    double mean[2];
    uint32_t columns[2];
    mi_tensor tensors[2][3];
    mi_member_tensors members[2];
    double null[4], held_out[3], pmi[3];
    uint32_t rows[6];
    proto_string_list ids[2];
    proto_model_parts parts;
    proto_text file;
} sample;

static mi_status append(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, bytes, n);
    return MI_OK;
}

static void sample_init(sample *s, bool with_ids)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 6; i++)
        s->weights[i] = 0.25f * (float)i;
    s->mean[1] = -3.5;
    s->columns[1] = 7;
    for (int m = 0; m < 2; m++) {
        s->tensors[m][0] = (mi_tensor){"critic.x.layer0.weight", MI_DTYPE_F32, 2, {3, 2}, s->weights};
        s->tensors[m][1] = (mi_tensor){"x.mean", MI_DTYPE_F64, 1, {2, 1}, s->mean};
        s->tensors[m][2] = (mi_tensor){"x.columns", MI_DTYPE_U32, 1, {2, 1}, s->columns};
        s->members[m] = (mi_member_tensors){s->tensors[m], 3};
    }
    for (int i = 0; i < 4; i++)
        s->null[i] = i - 2.0;
    s->pmi[2] = (double)NAN;
    for (int side = 0; side < 2; side++) {
        proto_string_list_init(&s->ids[side], 1000);
        ck_assert_int_eq(proto_string_list_append(&s->ids[side], side ? "Q1" : "P1", 2, NULL), MI_OK);
        ck_assert_int_eq(proto_string_list_append(&s->ids[side], "P222", 4, NULL), MI_OK);
    }
    s->rows[2] = s->rows[5] = 1;
    s->parts = (proto_model_parts){.spec = SPEC,
                                   .members = s->members,
                                   .n_members = 2,
                                   .null_pmi = s->null,
                                   .n_null = 4,
                                   .null_held_out = s->held_out,
                                   .n_held_out = 3,
                                   .pair_pmi = s->pmi,
                                   .n_pairs = 3,
                                   .pair_rows = with_ids ? s->rows : NULL,
                                   .ids = {&s->ids[0], &s->ids[1]}};
    proto_text_init(&s->file, 1 << 20);
    const proto_output out = {append, &s->file};
    ck_assert_int_eq(proto_model_write(&s->parts, &out, NULL), MI_OK);
    ck_assert(proto_text_ok(&s->file));
}

static void sample_fini(sample *s)
{
    for (int side = 0; side < 2; side++)
        proto_string_list_fini(&s->ids[side]);
    proto_text_fini(&s->file);
}

static const mi_tensor *find(const mi_member_tensors *m, const char *name)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (strcmp(m->tensors[i].name, name) == 0)
            return &m->tensors[i];
    ck_abort_msg("no tensor %s", name);
    return NULL;
}

START_TEST(test_what_is_written_is_read_back)
{
    for (int with_ids = 0; with_ids < 2; with_ids++) {
        sample s;
        proto_model_view v;
        mi_error err = {0};
        size_t n = 0;
        sample_init(&s, with_ids != 0);
        ck_assert_msg(proto_model_open(&v, s.file.data, s.file.length, &err) == MI_OK, "%s", err.message);
        ck_assert_uint_eq(v.n_members, 2);
        for (int m = 0; m < 2; m++) {
            ck_assert_uint_eq(v.members[m].n, 3);
            const mi_tensor *w = find(&v.members[m], "critic.x.layer0.weight");
            ck_assert(w->dtype == MI_DTYPE_F32 && w->n_dims == 2 && w->shape[0] == 3 && w->shape[1] == 2);
            ck_assert(memcmp(w->data, s.weights, sizeof s.weights) == 0);
            ck_assert(((const double *)find(&v.members[m], "x.mean")->data)[1] == -3.5);
            ck_assert(((const uint32_t *)find(&v.members[m], "x.columns")->data)[1] == 7);
        }
        ck_assert_uint_eq(v.n_null, 4);
        ck_assert(v.null_pmi[3] == 1.0 && v.n_held_out == 3 && v.n_pairs == 3 && isnan(v.pair_pmi[2]));
        ck_assert_str_eq(v.spec.objective.entry->name, "infonce-anchor");
        ck_assert_str_eq(v.job->x.dataset, "a");
        ck_assert((v.pair_rows != NULL) == (with_ids != 0));
        if (with_ids) {
            ck_assert_uint_eq(v.ids[0].n, 2);
            ck_assert_uint_eq(v.pair_rows[5], 1);
            ck_assert_mem_eq(proto_model_id(&v, 1, 0, &n), "Q1", 2);
            ck_assert_mem_eq(proto_model_id(&v, 0, 1, &n), "P222", 4);
            ck_assert_uint_eq(n, 4);
        }
        proto_model_close(&v);
        sample_fini(&s);
    }
}
END_TEST

/* Any byte of the header may be another one: opened or refused, never more. */
START_TEST(test_damaged_files_are_refused_or_harmless)
{
    sample s;
    proto_model_view v;
    sample_init(&s, true);
    uint64_t length = 0;
    memcpy(&length, s.file.data, sizeof length);
    for (size_t cut = 0; cut < s.file.length; cut += 7) {
        char *copy = malloc(cut + 8);
        memcpy(copy, s.file.data, cut);
        ck_assert_int_ne(proto_model_open(&v, copy, cut, NULL), MI_OK);
        free(copy);
    }
    char *copy = malloc(s.file.length);
    for (size_t at = 0; at < 8 + length; at++)
        for (int flip = 1; flip < 256; flip *= 4) {
            memcpy(copy, s.file.data, s.file.length);
            copy[at] = (char)(copy[at] ^ flip);
            if (proto_model_open(&v, copy, s.file.length, NULL) == MI_OK)
                proto_model_close(&v);
        }
    /* pairs that name ids which are not there, and offsets out of order */
    for (size_t at = 8 + length; at < s.file.length; at++) {
        memcpy(copy, s.file.data, s.file.length);
        copy[at] = (char)0xff;
        if (proto_model_open(&v, copy, s.file.length, NULL) != MI_OK)
            continue;
        for (uint64_t i = 0; i < 2 * v.n_pairs; i++)
            ck_assert_uint_lt(v.pair_rows[i], v.ids[i % 2].n);
        for (int side = 0; side < 2; side++)
            for (uint64_t i = 0; i < v.ids[side].n; i++) {
                size_t n;
                const char *id = proto_model_id(&v, side, i, &n);
                ck_assert(id >= copy && id + n <= copy + s.file.length);
            }
        proto_model_close(&v);
    }
    free(copy);
    sample_fini(&s);
}
END_TEST

/* As many as 40 runs of a critic of some depth leave. */
START_TEST(test_a_model_of_many_members_is_read_back)
{
    enum { MEMBERS = 40, TENSORS = 36 };
    static mi_tensor tensors[MEMBERS][TENSORS];
    mi_member_tensors members[MEMBERS];
    sample s;
    proto_model_view v;
    mi_error err = {0};
    sample_init(&s, true);
    for (int m = 0; m < MEMBERS; m++) {
        for (int i = 0; i < TENSORS; i++) {
            tensors[m][i] = s.tensors[0][0];
            snprintf(tensors[m][i].name, sizeof tensors[m][i].name, "critic.x.layer%d.weight", i);
        }
        members[m] = (mi_member_tensors){tensors[m], TENSORS};
    }
    s.parts.members = members;
    s.parts.n_members = MEMBERS;
    proto_text_fini(&s.file);
    const proto_output out = {append, &s.file};
    ck_assert_int_eq(proto_model_write(&s.parts, &out, NULL), MI_OK);
    ck_assert_msg(proto_model_open(&v, s.file.data, s.file.length, &err) == MI_OK, "%s", err.message);
    ck_assert_uint_eq(v.n_members, MEMBERS);
    for (int m = 0; m < MEMBERS; m++)
        ck_assert_uint_eq(v.members[m].n, TENSORS);
    ck_assert(memcmp(find(&v.members[MEMBERS - 1], "critic.x.layer35.weight")->data, s.weights,
                     sizeof s.weights) == 0);
    proto_model_close(&v);
    sample_fini(&s);
}
END_TEST

int main(void)
{
    RUN_TESTS("model file", test_what_is_written_is_read_back, test_a_model_of_many_members_is_read_back,
              test_damaged_files_are_refused_or_harmless);
}
