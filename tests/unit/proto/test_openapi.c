#include "job_fields.h"
#include "mi/estimate.h"
#include "proto/openapi.h"
#include "proto/record.h"
#include "proto/result.h"
#include "proto/thresholds.h"
#include "testing.h"

#include <stdio.h>

static proto_json *document;

static void load(void)
{
    size_t n;
    const char *text = proto_openapi_json(&n);
    mi_error err = {0};
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_msg(proto_json_parse(&document, text, n, 1 << 22, NULL, 0, &err) == MI_OK, "%s", err.message);
}

static void unload(void)
{
    proto_json_free(document);
}

static const proto_node *at(const char *pointer)
{
    return proto_json_at(proto_json_root(document), pointer);
}

/* The schema of a job's field; NULL when the document has none. */
static const proto_node *schema_of(const proto_field *field)
{
    char pointer[256], group[64];
    const char *name = strrchr(field->pointer, '/') + 1;
    snprintf(group, sizeof group, "%.*s", (int)(name - field->pointer - 1), field->pointer);
    if (group[0] != '\0')
        snprintf(pointer, sizeof pointer, "/components/schemas/JobSpec/properties%s/properties/%s", group,
                 name);
    else
        snprintf(pointer, sizeof pointer, "/components/schemas/JobSpec/properties/%s", name);
    return at(pointer);
}

static char *printed(const proto_node *node)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    proto_node_print(node, &text);
    return proto_text_take(&text, NULL);
}

static void same_list(const char *pointer, const char *const *names)
{
    const proto_node *entry = proto_node_first(at(pointer));
    for (; *names; names++, entry = proto_node_next(entry))
        ck_assert_msg(entry && strcmp(proto_node_string(entry, ""), *names) == 0, "%s lacks %s", pointer,
                      *names);
    ck_assert_msg(!entry, "%s has more than the code", pointer);
}

START_TEST(test_every_field_of_a_job_is_described_with_its_range_names_and_default)
{
    proto_job job = {.want_pmi = true,
                     .want_curve = true,
                     .priority = PROTO_DEFAULT_PRIORITY,
                     .timeout_s = PROTO_DEFAULT_TIMEOUT_S};
    char tags[] = "{}";
    job.tags = tags;
    proto_benchmark_defaults(&job.benchmark);
    proto_screen_defaults(&job.screen);
    mi_spec_from_recipe(&job.spec, MI_RECIPE_DEFAULT);
    load();
    for (size_t i = 0; proto_field_at(i); i++) {
        const proto_field *field = proto_field_at(i);
        const proto_node *schema = schema_of(field), *fallback = proto_node_member(schema, "default");
        ck_assert_msg(schema != NULL, "%s", field->pointer);
        if ((field->kind == PROTO_FIELD_U32 || field->kind == PROTO_FIELD_INT ||
             field->kind == PROTO_FIELD_DOUBLE)) {
            ck_assert_msg(proto_node_number(proto_node_member(schema, "minimum"), -1) == field->min, "%s",
                          field->pointer);
            ck_assert_msg(proto_node_number(proto_node_member(schema, "maximum"), -1) == field->max, "%s",
                          field->pointer);
        }
        const proto_node *name = proto_node_first(proto_node_member(schema, "enum"));
        for (size_t k = 0; field->names && field->names[k]; k++, name = proto_node_next(name))
            ck_assert_msg(strcmp(proto_node_string(name, ""), field->names[k]) == 0, "%s", field->pointer);
        if (!fallback)
            continue;
        proto_text text;
        proto_json_writer w;
        proto_text_init(&text, 1 << 16);
        proto_write_init(&w, &text);
        proto_field_encode(field, &job, NULL, &w);
        char *documented = printed(fallback);
        ck_assert_str_eq(documented, text.data);
        free(documented);
        proto_text_fini(&text);
    }
    unload();
}
END_TEST

static size_t count_members(const proto_node *object)
{
    size_t n = 0;
    for (const proto_node *child = proto_node_first(object); child; child = proto_node_next(child))
        n++;
    return n;
}

START_TEST(test_no_field_is_described_that_does_not_exist)
{
    size_t described = 0, fields = 0;
    load();
    const proto_node *spec = at("/components/schemas/JobSpec/properties");
    for (const proto_node *child = proto_node_first(spec); child; child = proto_node_next(child)) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%s", proto_node_key(child));
        described +=
            proto_field_is_group(pointer) ? count_members(proto_node_member(child, "properties")) : 1;
    }
    while (proto_field_at(fields))
        fields++;
    ck_assert_uint_eq(described, fields);
    unload();
}
END_TEST

START_TEST(test_codes_states_and_objectives_are_those_of_the_code)
{
    static const char *const problems[] = {
#define X(name, code, status, title) code,
        PROTO_PROBLEM_MAP(X)
#undef X
            NULL};
    static const char *const states[] = {
#define X(name, text, terminal) text,
        PROTO_JOB_STATE_MAP(X)
#undef X
            NULL};
    static const char *const warnings[] = {
#define X(name, code, text) code,
        MI_WARNING_MAP(X)
#undef X
            PROTO_WARNING_MISSING,
        NULL};
    static const char *const notes[] = {
#define X(name, code, text) code,
        MI_THRESHOLD_NOTE_MAP(X)
#undef X
            NULL};
    const char *objectives[64] = {NULL};
    for (size_t i = 0; i < 63 && mi_objective_at(i); i++)
        objectives[i] = mi_objective_at(i)->name;
    load();
    same_list("/components/schemas/Problem/properties/code/enum", problems);
    same_list("/components/schemas/JobState/enum", states);
    same_list("/components/schemas/Result/properties/warnings/items/properties/code/enum", warnings);
    same_list("/components/schemas/ObjectiveName/enum", objectives);
    same_list("/components/schemas/Thresholds/properties/notes/items/properties/code/enum", notes);
    ck_assert_double_eq(proto_node_number(at("/components/schemas/Targets/maxItems"), 0), MI_THRESHOLDS_MAX);
    ck_assert_double_eq(
        proto_node_number(at("/components/schemas/ThresholdsRequest/properties/max_points/maximum"), 0),
        MI_THRESHOLDS_MAX_POINTS);
    ck_assert_double_eq(proto_node_number(at("/components/schemas/MissingIds/properties/ids/maxItems"), 0),
                        PROTO_MISSING_IDS);
    ck_assert_double_eq(proto_node_number(at("/components/schemas/Problem/properties/errors/maxItems"), 0),
                        PROTO_PROBLEM_ERRORS);
    ck_assert_double_eq(
        proto_node_number(at("/components/schemas/JobSpec/properties/laws/oneOf/1/maxItems"), 0),
        PROTO_MAX_LAWS);
    unload();
}
END_TEST

START_TEST(test_every_parameter_of_an_objective_is_described)
{
    const mi_objective *first;
    const mi_param_info *param;
    load();
    const proto_node *described = at("/components/schemas/Objective/properties");
    for (size_t i = 0; (param = proto_param_at(i, &first)); i++) {
        const proto_node *schema = proto_node_member(described, param->name);
        const char *type = proto_node_string(proto_node_member(schema, "type"), "absent");
        ck_assert_msg(strcmp(type, param->kind == MI_PARAM_NUMBER  ? "number"
                                   : param->kind == MI_PARAM_COUNT ? "integer"
                                                                   : "string") == 0,
                      "%s of %s is %s", param->name, first->name, type);
        const proto_node *name = proto_node_first(proto_node_member(schema, "enum"));
        for (size_t k = 0; param->names && param->names[k]; k++, name = proto_node_next(name))
            ck_assert_msg(strcmp(proto_node_string(name, ""), param->names[k]) == 0, "%s", param->name);
    }
    unload();
}
END_TEST

START_TEST(test_no_parameter_is_described_that_no_objective_takes)
{
    load();
    for (const proto_node *child = proto_node_first(at("/components/schemas/Objective/properties")); child;
         child = proto_node_next(child)) {
        bool taken = strcmp(proto_node_key(child), "name") == 0;
        for (size_t i = 0; mi_objective_at(i); i++)
            taken = taken || proto_param_find(mi_objective_at(i), proto_node_key(child));
        ck_assert_msg(taken, "%s", proto_node_key(child));
    }
    unload();
}
END_TEST

static void check_references(const proto_node *node)
{
    const char *reference = proto_node_string(proto_node_member(node, "$ref"), NULL);
    if (reference)
        ck_assert_msg(reference[0] == '#' && at(reference + 1) != NULL, "%s", reference);
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child))
        check_references(child);
}

START_TEST(test_every_reference_leads_somewhere)
{
    load();
    check_references(proto_json_root(document));
    unload();
}
END_TEST

int main(void)
{
    RUN_TESTS("openapi", test_every_field_of_a_job_is_described_with_its_range_names_and_default,
              test_no_field_is_described_that_does_not_exist,
              test_every_parameter_of_an_objective_is_described,
              test_no_parameter_is_described_that_no_objective_takes,
              test_codes_states_and_objectives_are_those_of_the_code, test_every_reference_leads_somewhere);
}
