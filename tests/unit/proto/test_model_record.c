#include "proto/model_record.h"
#include "testing.h"

#include <stdio.h>

static char *model_text(const proto_model_record *model, bool brief)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, 1 << 16);
    proto_write_init(&w, &text);
    proto_model_record_encode(model, brief, &w, NULL);
    return proto_text_take(&text, NULL);
}

START_TEST(test_the_model_object_has_its_record_and_its_description)
{
    static const char head[] = "{\"object\":\"model\",\"id\":\"mdl_01K\",\"alias\":null,\"pinned\":false,"
                               "\"tags\":{\"project\":\"lr\"},\"job\":\"job_01K\","
                               "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"bytes\":77,\"sha256\":\"ab\","
                               "\"weights\":\"/v1/models/mdl_01K/weights\"";
    char tags[] = "{\"project\":\"lr\"}", described[] = " {\"spec\":{\"seed\":\"42\"},\"null\":{}}\n";
    char nothing[] = "{ }", broken[] = "[]", expected[512];
    proto_model_record model = {.id = "mdl_01K",
                                .job_id = "job_01K",
                                .created_ms = 1700000000000,
                                .sha256 = "ab",
                                .bytes = 77,
                                .tags = tags,
                                .description = described};
    char *text = model_text(&model, false);
    snprintf(expected, sizeof expected, "%s,\"spec\":{\"seed\":\"42\"},\"null\":{}}", head);
    ck_assert_str_eq(text, expected);
    free(text);
    text = model_text(&model, true);
    snprintf(expected, sizeof expected, "%s}", head);
    ck_assert_str_eq(text, expected);
    free(text);
    model.description = nothing;
    text = model_text(&model, false);
    ck_assert_str_eq(text, expected);
    free(text);
    model.description = broken;
    ck_assert_ptr_null(model_text(&model, false));
    model.description = NULL;
    model.pinned = true;
    strcpy(model.alias, "best");
    text = model_text(&model, false);
    ck_assert_ptr_nonnull(strstr(text, "\"alias\":\"best\",\"pinned\":true,"));
    free(text);
}
END_TEST

static mi_status decode(proto_model_patch *patch, const char *json, proto_problem *problem)
{
    return proto_model_patch_decode(patch, json, strlen(json), problem);
}

START_TEST(test_a_change_says_only_what_it_says)
{
    proto_model_patch p;
    proto_problem problem;
    ck_assert_int_eq(decode(&p, "{}", &problem), MI_OK);
    ck_assert(!p.has_alias && !p.has_pinned && !p.tags);
    ck_assert_int_eq(decode(&p, "{\"alias\":null}", &problem), MI_OK);
    ck_assert(p.has_alias && p.alias[0] == '\0' && !p.has_pinned);
    ck_assert_int_eq(
        decode(&p, "{\"pinned\":true,\"tags\":{\"b\":\"2\",\"a\":\"1\"},\"alias\":\"Best-1.2\"}", &problem),
        MI_OK);
    ck_assert_str_eq(p.alias, "Best-1.2");
    ck_assert(p.has_pinned && p.pinned);
    ck_assert_str_eq(p.tags, "{\"a\":\"1\",\"b\":\"2\"}");
    proto_model_patch_fini(&p);
    ck_assert_int_eq(decode(&p, "{\"tags\":{}}", &problem), MI_OK);
    ck_assert_str_eq(p.tags, "{}");
    proto_model_patch_fini(&p);
}
END_TEST

START_TEST(test_every_bad_field_of_a_change_is_told)
{
    proto_model_patch p;
    proto_problem problem;
    ck_assert_int_eq(
        decode(&p, "{\"alias\":\"mdl_x\",\"pinned\":1,\"tags\":{\"a\":2},\"aliass\":1,\"sha256\":\"\"}",
               &problem),
        MI_INVALID);
    static const char *const pointers[] = {"/alias", "/pinned", "/tags/a", "/aliass", "/sha256"};
    ck_assert_uint_eq(problem.n_errors, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(problem.errors[i].pointer, pointers[i]);
    ck_assert_ptr_nonnull(strstr(problem.errors[3].detail, "did you mean \"alias\""));
    ck_assert_int_eq(proto_problem_status(&problem), 422);
}
END_TEST

START_TEST(test_what_is_no_change_is_refused)
{
    static const struct {
        const char *json;
        int status;
    } bad[] = {{"", 400},
               {"{\"alias\"", 400},
               {"[]", 422},
               {"null", 422},
               {"{\"alias\":\"\"}", 422},
               {"{\"alias\":\"-a\"}", 422},
               {"{\"alias\":\"job_a\"}", 422},
               {"{\"alias\":5}", 422},
               {"{\"alias\":\"a/b\"}", 422},
               {"{\"tags\":null}", 422},
               {"{\"tags\":[]}", 422},
               {"{\"pinned\":null}", 422}};
    proto_model_patch p;
    proto_problem problem;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(decode(&p, bad[i].json, &problem) == MI_INVALID, "%s is taken", bad[i].json);
        ck_assert_msg(proto_problem_status(&problem) == bad[i].status, "%s: %d", bad[i].json,
                      proto_problem_status(&problem));
    }
    char *large = malloc(PROTO_MODEL_PATCH_MAX + 2);
    memset(large, ' ', PROTO_MODEL_PATCH_MAX + 1);
    large[PROTO_MODEL_PATCH_MAX + 1] = '\0';
    ck_assert_int_eq(decode(&p, large, &problem), MI_LIMIT);
    ck_assert_int_eq(proto_problem_status(&problem), 413);
    free(large);
}
END_TEST

int main(void)
{
    RUN_TESTS("model_record", test_the_model_object_has_its_record_and_its_description,
              test_a_change_says_only_what_it_says, test_every_bad_field_of_a_change_is_told,
              test_what_is_no_change_is_refused);
}
