#include "proto/pairs_input.h"
#include "testing.h"

#include <stdio.h>

static void decode(proto_pairs_input *out, const char *text, proto_problem *problem)
{
    proto_limits limits;
    proto_json *json;
    proto_limits_default(&limits);
    limits.max_inline_numbers = 4;
    proto_problem_init(problem);
    ck_assert(proto_json_parse(&json, text, strlen(text), 1 << 16, NULL, 0, NULL) == MI_OK);
    proto_pairs_input_decode(out, proto_json_root(json), "/pairs", &limits, problem);
    proto_json_free(json);
}

static void good(proto_pairs_input *out, const char *text)
{
    proto_problem problem;
    decode(out, text, &problem);
    ck_assert_msg(!proto_problem_any(&problem), "%s: %s: %s", text, problem.errors[0].pointer,
                  problem.errors[0].detail);
}

static void bad(const char *text, const char *pointer, const char *part)
{
    proto_pairs_input out;
    proto_problem problem;
    decode(&out, text, &problem);
    ck_assert_msg(problem.n_errors == 1 && strcmp(problem.errors[0].pointer, pointer) == 0 &&
                      strstr(problem.errors[0].detail, part),
                  "%s: %u errors, %s: %s", text, problem.n_errors, problem.errors[0].pointer,
                  problem.errors[0].detail);
    proto_pairs_input_fini(&out);
}

static void same(const proto_string_list *list, uint64_t i, const char *id)
{
    size_t n;
    const char *found = proto_string_list_at(list, i, &n);
    ck_assert_uint_eq(n, strlen(id));
    ck_assert_mem_eq(found, id, n);
}

START_TEST(test_a_table_with_its_columns)
{
    proto_pairs_input out;
    good(&out, "{\"dataset\":\"lr\",\"x_id\":\"ligand\",\"label\":\"known\",\"symmetric\":true}");
    ck_assert_str_eq(out.dataset, "lr");
    ck_assert_str_eq(out.x_id, "ligand");
    ck_assert_str_eq(out.y_id, "");
    ck_assert_str_eq(out.label, "known");
    ck_assert(out.symmetric && out.x.n == 0 && !out.labels);
    proto_pairs_input_fini(&out);
}
END_TEST

START_TEST(test_a_list_with_or_without_labels)
{
    proto_pairs_input out;
    proto_pair_source source;
    good(&out, "{\"data\":[[\"P1\",\"Q1\",1],[\"P2\",\"Q2\",0]]}");
    ck_assert(out.x.n == 2 && out.y.n == 2 && out.labels[0] == 1 && out.labels[1] == 0);
    same(&out.x, 1, "P2");
    same(&out.y, 0, "Q1");
    ck_assert(proto_pairs_input_source(&source, &out, NULL, NULL) == MI_OK);
    ck_assert(source.x == &out.x && source.y == &out.y && source.labels == out.labels && !source.table);
    proto_pairs_input_fini(&out);
    good(&out, "{\"data\":[[\"P1\",\"Q1\"]]}");
    ck_assert(out.x.n == 1 && !out.labels);
    proto_pairs_input_fini(&out);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
    bad("[]", "/pairs", "an object");
    bad("{}", "/pairs", "needs \"dataset\" or \"data\"");
    bad("{\"dataset\":\"a\",\"data\":[[\"a\",\"b\",1]]}", "/pairs", "one of them");
    bad("{\"dataset\":\".a\"}", "/pairs/dataset", "the name of a data set");
    bad("{\"dataset\":\"a\",\"x_id\":\"\"}", "/pairs/x_id", "the name of a column");
    bad("{\"dataset\":\"a\",\"lable\":\"b\"}", "/pairs/lable", "did you mean \"label\"");
    bad("{\"dataset\":\"a\",\"symmetric\":1}", "/pairs/symmetric", "true or false");
    bad("{\"data\":[]}", "/pairs/data", "at least one");
    bad("{\"data\":[[\"a\",\"b\",1],[\"a\",\"b\"]]}", "/pairs/data/1", "a pair with its label");
    bad("{\"data\":[[\"a\",\"b\"],[\"a\",\"b\",1]]}", "/pairs/data/1", "a pair of ids");
    bad("{\"data\":[[\"a\",\"\",1]]}", "/pairs/data/0/1", "an id");
    bad("{\"data\":[[1,\"b\",1]]}", "/pairs/data/0/0", "an id");
    bad("{\"data\":[[\"a\",\"b\",0.5]]}", "/pairs/data/0/2", "0 or 1");
    bad("{\"data\":[[\"a\",\"b\",1]],\"y_id\":\"b\"}", "/pairs/y_id", "a list has none");
    bad("{\"data\":[1,2,3,4,5]}", "/pairs/data", "at most 4");
}
END_TEST

int main(void)
{
    RUN_TESTS("pairs_input", test_a_table_with_its_columns, test_a_list_with_or_without_labels,
              test_what_is_wrong_is_named);
}
