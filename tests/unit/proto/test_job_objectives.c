/* `objective` and `objectives`: what the table of objectives declares, and nothing else. */
#include "job_fields.h"
#include "job_testing.h"

static mi_status decode(proto_job **job, const char *fields, proto_problem *problem)
{
    char text[8192];
    snprintf(text, sizeof text, "{" JOB_INPUTS ",%s}", fields);
    return job_decode(job, text, problem);
}

static proto_job *good(const char *fields)
{
    char text[8192];
    snprintf(text, sizeof text, "{" JOB_INPUTS ",%s}", fields);
    return job_good(text);
}

static void bad(const char *fields, const char *pointer, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, "{" JOB_INPUTS ",%s}", fields);
    job_bad(text, pointer, part);
}

static void check_round_trip(const proto_job *job)
{
    char *text = job_encode(job), *text_again;
    proto_limits limits;
    proto_limits_default(&limits);
    proto_problem problem;
    proto_job *again;
    ck_assert_msg(proto_job_decode(&again, text, strlen(text), &limits, &problem) == MI_OK, "%s: %s: %s",
                  text, problem.errors[0].pointer, problem.errors[0].detail);
    ck_assert_uint_eq(again->n_objectives, job->n_objectives);
    for (uint32_t i = 0; i < proto_job_variants(job); i++) {
        mi_spec a, b;
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        proto_job_variant(job, i, &a);
        proto_job_variant(again, i, &b);
        ck_assert_mem_eq(&a.objective, &b.objective, sizeof a.objective);
        ck_assert_int_eq(a.calibrate, b.calibrate);
    }
    ck_assert(job->want_pmi == again->want_pmi);
    text_again = job_encode(again);
    ck_assert_str_eq(text, text_again);
    free(text);
    free(text_again);
    proto_job_free(again);
}

/* "name": value, at the low end, the high end or (of a choice) any place. */
static void one_value(const mi_param_info *param, double value, char *out, size_t size)
{
    char number[32];
    if (param->kind == MI_PARAM_CHOICE) {
        snprintf(out, size, "\"%s\":\"%s\"", param->name, param->names[(int)value]);
        return;
    }
    proto_format_double(value, number);
    snprintf(out, size, "\"%s\":%s", param->name, number);
}

static bool is_k(const mi_param_info *param)
{
    return param->offset == offsetof(mi_objective_params, k);
}

START_TEST(test_every_parameter_of_every_objective_is_set_shown_and_read_back)
{
    for (size_t i = 0; mi_objective_at(i); i++) {
        const mi_objective *entry = mi_objective_at(i);
        for (size_t k = 0; k < entry->n_params; k++) {
            const mi_param_info *param = &entry->params[k];
            const double values[] = {param->min, param->max, param->fallback};
            for (int v = 0; v < 3; v++) {
                char field[128], fields[512];
                double value = is_k(param) ? (const double[]){1, 126, 127}[v] : values[v];
                one_value(param, value, field, sizeof field);
                snprintf(fields, sizeof fields, "\"objective\":{\"name\":\"%s\",%s}", entry->name, field);
                proto_job *job;
                proto_problem problem;
                if (decode(&job, fields, &problem) != MI_OK) {
                    /* Core may refuse a combination; the parameter itself is in range. */
                    ck_assert_ptr_nonnull(entry->check);
                    continue;
                }
                if (!is_k(param))
                    ck_assert_double_eq(mi_param_get(&job->spec.objective.params, param), value);
                char *text = job_encode(job);
                ck_assert_msg(strstr(text, field) != NULL, "%s lacks %s", text, field);
                free(text);
                check_round_trip(job);
                proto_job_free(job);
            }
        }
    }
}
END_TEST

START_TEST(test_k_counts_candidates_up_to_batch_minus_one)
{
    proto_job *job = good("\"objective\":{\"k\":16}");
    ck_assert_uint_eq(job->spec.objective.params.k, 16);
    check_round_trip(job);
    proto_job_free(job);
    /* All of them is the default, however it is said. */
    static const char *const all[] = {"\"objective\":{\"k\":63},\"train\":{\"batch\":64}",
                                      "\"objective\":{\"k\":0},\"train\":{\"batch\":64}",
                                      "\"objective\":{},\"train\":{\"batch\":64}"};
    for (int i = 0; i < 3; i++) {
        job = good(all[i]);
        ck_assert_uint_eq(job->spec.objective.params.k, 0);
        char *text = job_encode(job);
        ck_assert_ptr_nonnull(strstr(text, "\"k\":63"));
        free(text);
        check_round_trip(job);
        proto_job_free(job);
    }
    bad("\"objective\":{\"k\":64},\"train\":{\"batch\":64}", "/objective/k", "63 (batch - 1), found 64");
    bad("\"objective\":{\"k\":1.5}", "/objective/k", "whole number");
}
END_TEST

START_TEST(test_a_bad_parameter_is_named_with_the_likely_one)
{
    bad("\"objective\":{\"nux\":3}", "/objective/nux", "did you mean \"/objective/nu\"?");
    bad("\"objective\":{\"nam\":\"nwj\"}", "/objective/nam", "did you mean \"/objective/name\"?");
    bad("\"objective\":{\"qwertyuiop\":3}", "/objective/qwertyuiop", "parameters of \"infonce-anchor\"");
    bad("\"objective\":{\"name\":\"ksg\",\"nu\":3}", "/objective/nu", "\"ksg\" does not take this parameter");
    bad("\"objective\":\"infonce-ancor\"", "/objective", "did you mean \"infonce-anchor\"?");
    bad("\"objective\":[]", "/objective", "found an array");
    bad("\"nu\":3", "/nu", "did you mean \"/objective/nu\"?");
    bad("\"objectives\":[\"nwj\",{\"name\":\"ksg\",\"neighbours\":3}]", "/objectives/1/neighbours",
        "did you mean \"/objectives/1/neighbors\"?");
}
END_TEST

START_TEST(test_a_comparison_shares_all_but_the_objective)
{
    proto_job *job = good("\"objectives\":[{\"name\":\"infonce-anchor\",\"nu\":2},\"infonce\",\"nwj\"],"
                          "\"permutations\":50,\"train\":{\"batch\":64}");
    mi_spec spec;
    ck_assert_uint_eq(proto_job_variants(job), 3);
    proto_job_variant(job, 0, &spec);
    ck_assert_str_eq(spec.objective.entry->name, "infonce-anchor");
    ck_assert_double_eq(spec.objective.params.nu, 2);
    ck_assert_int_eq(spec.calibrate, 1);
    ck_assert_uint_eq(spec.permutations, 50);
    ck_assert_str_eq(job->spec.objective.entry->name, "infonce-anchor");
    proto_job_variant(job, 1, &spec); /* no PMI: nothing that needs one */
    ck_assert_str_eq(spec.objective.entry->name, "infonce");
    ck_assert_int_eq(spec.calibrate, 0);
    ck_assert_uint_eq(spec.permutations, 0);
    ck_assert_uint_eq(spec.train.batch, 64);
    proto_job_variant(job, 2, &spec);
    ck_assert_str_eq(spec.objective.entry->name, "nwj");
    ck_assert_int_eq(spec.calibrate, 1);
    ck_assert(job->want_pmi);
    char *text = job_encode(job);
    ck_assert_ptr_nonnull(strstr(text, "\"objectives\":[{\"name\":\"infonce-anchor\",\"nu\":2,"));
    ck_assert_ptr_null(strstr(text, "\"objective\":"));
    free(text);
    check_round_trip(job);
    proto_job_free(job);
}
END_TEST

START_TEST(test_a_comparison_takes_the_defaults_of_its_recipe)
{
    proto_job *job = good("\"objectives\":[\"nwj\",\"infonce-anchor\"],\"recipe\":\"paper\"");
    ck_assert_double_eq(job->objectives[1].params.nu, 1);
    check_round_trip(job);
    proto_job_free(job);
    job = good("\"objectives\":[\"infonce\"]");
    ck_assert(!job->want_pmi);
    check_round_trip(job);
    proto_job_free(job);
}
END_TEST

START_TEST(test_a_bad_comparison_is_refused_at_its_place)
{
    char fields[2048] = "\"objectives\":[";
    bad("\"objectives\":[]", "/objectives", "1 to 32 objectives");
    bad("\"objectives\":\"nwj\"", "/objectives", "expected an array");
    bad("\"objectives\":[\"nwj\"],\"objective\":\"nwj\"", "/objectives", "give one of them");
    bad("\"objectives\":[\"nwj\",\"nwjj\"]", "/objectives/1", "did you mean \"nwj\"?");
    bad("\"objectives\":[\"nwj\",{}]", "/objectives/1/name", "found nothing");
    bad("\"objectives\":[\"nwj\",7]", "/objectives/1", "found 7");
    bad("\"objectives\":[\"infonce-anchor\",\"nwj\",{\"name\":\"infonce-anchor\",\"nu\":8}]", "/objectives/2",
        "the same as /objectives/0");
    bad("\"objectives\":[\"infonce-anchor\",{\"name\":\"infonce-anchor\",\"nu\":0}]", "/objectives/1/nu",
        "found 0");
    bad("\"objectives\":[\"infonce\"],\"outputs\":{\"pmi\":true}", "/outputs/pmi", "no PMI");
    bad("\"objectives\":[\"infonce\",\"nwj\"],\"replicates\":101", "/replicates", "objectives x folds x");
    for (int i = 0; i < 33; i++)
        snprintf(fields + strlen(fields), sizeof fields - strlen(fields),
                 "%s{\"name\":\"infonce-anchor\",\"nu\":%d}", i ? "," : "", i + 1);
    strcat(fields, "]");
    bad(fields, "/objectives", "more than 32");
}
END_TEST

START_TEST(test_labels_tell_objectives_of_one_name_apart)
{
    proto_job *job =
        good("\"objectives\":[\"nwj\",\"infonce-anchor\",{\"name\":\"infonce-anchor\",\"nu\":2.5},"
             "{\"name\":\"infonce-anchor\",\"nu\":2.5,\"directions\":\"columns\"}]");
    static const char *const expected[] = {"nwj", "infonce-anchor nu=8 directions=both",
                                           "infonce-anchor nu=2.5 directions=both",
                                           "infonce-anchor nu=2.5 directions=columns"};
    char label[PROTO_LABEL_MAX];
    for (uint32_t i = 0; i < 4; i++) {
        proto_job_label(job, i, label);
        ck_assert_str_eq(label, expected[i]);
    }
    proto_job_free(job);
    job = good("\"objective\":{\"nu\":3}");
    proto_job_label(job, 0, label);
    ck_assert_str_eq(label, "infonce-anchor");
    proto_job_free(job);
}
END_TEST

START_TEST(test_pointers_of_core_are_those_of_the_document)
{
    char at[64];
    proto_job *job = good("\"objectives\":[\"nwj\",\"infonce-anchor\"]");
    proto_job_pointer(job, 1, "/objective/k", at, sizeof at);
    ck_assert_str_eq(at, "/objectives/1/k");
    proto_job_pointer(job, 1, "/train/batch", at, sizeof at);
    ck_assert_str_eq(at, "/train/batch");
    proto_job_free(job);
    job = good("\"objective\":\"nwj\"");
    proto_job_pointer(job, 0, "/objective/k", at, sizeof at);
    ck_assert_str_eq(at, "/objective/k");
    proto_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS(
        "job objectives", test_every_parameter_of_every_objective_is_set_shown_and_read_back,
        test_k_counts_candidates_up_to_batch_minus_one, test_a_bad_parameter_is_named_with_the_likely_one,
        test_a_comparison_shares_all_but_the_objective, test_a_comparison_takes_the_defaults_of_its_recipe,
        test_a_bad_comparison_is_refused_at_its_place, test_labels_tell_objectives_of_one_name_apart,
        test_pointers_of_core_are_those_of_the_document);
}
