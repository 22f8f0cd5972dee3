#include "job_testing.h"

#include <math.h>

/* A job of inputs and `fields`, which must be good. */
static proto_job *good(const char *fields)
{
    char text[4096];
    snprintf(text, sizeof text, "{" JOB_INPUTS "%s%s}", fields[0] ? "," : "", fields);
    return job_good(text);
}

static bool has_error(const proto_problem *problem, const char *pointer, const char *part)
{
    for (unsigned i = 0; i < problem->n_errors; i++)
        if (strcmp(problem->errors[i].pointer, pointer) == 0 && strstr(problem->errors[i].detail, part))
            return true;
    return false;
}

/* One bad field beside good inputs. */
static void bad_field(const char *field, const char *pointer, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, "{" JOB_INPUTS ",%s}", field);
    job_bad(text, pointer, part);
}

START_TEST(test_only_x_and_y_are_needed)
{
    proto_job *job = good("");
    mi_spec recipe;
    mi_spec_from_recipe(&recipe, MI_RECIPE_DEFAULT);
    ck_assert_mem_eq(&job->spec.train, &recipe.train, sizeof recipe.train);
    ck_assert_str_eq(job->x.dataset, "a");
    ck_assert_str_eq(job->y.dataset, "b");
    ck_assert(job->want_pmi && job->want_curve);
    ck_assert_int_eq(job->priority, 5);
    ck_assert_uint_eq(job->timeout_s, 3600);
    ck_assert_str_eq(job->tags, "{}");
    proto_job_free(job);
}
END_TEST

START_TEST(test_the_recipe_sets_defaults_and_fields_override_it)
{
    proto_job *job = good("\"train\":{\"ema\":0.5},\"recipe\":\"paper\",\"objective\":{\"nu\":3}");
    mi_spec paper;
    mi_spec_from_recipe(&paper, MI_RECIPE_PAPER);
    ck_assert_int_eq(job->spec.recipe, MI_RECIPE_PAPER);
    ck_assert_int_eq(job->spec.prepare.transform, MI_TRANSFORM_ZSCORE);
    ck_assert_int_eq(job->spec.critic.baseline, MI_BASELINE_NONE);
    ck_assert_int_eq(job->spec.objective.params.directions, MI_DIRECTIONS_COLUMNS);
    ck_assert_double_eq(job->spec.objective.params.nu, 3);
    ck_assert_double_eq(job->spec.train.ema, 0.5);
    ck_assert_int_eq(job->spec.calibrate, 0);
    proto_job_free(job);
}
END_TEST

START_TEST(test_every_field_reaches_its_setting)
{
    proto_job *job =
        good("\"kind\":\"estimate\",\"recipe\":\"default\",\"prepare\":{\"transform\":\"none\",\"pca\":12,"
             "\"clip\":4.5},"
             "\"objective\":{\"name\":\"infonce-anchor\",\"nu\":2.5,\"directions\":\"columns\",\"k\":63},"
             "\"critic\":{\"type\":\"joint\",\"hidden\":[32,16,8],\"embed\":5,\"baseline\":\"none\","
             "\"ridge\":0.01},"
             "\"train\":{\"batch\":64,\"max_steps\":77,\"learning_rate\":1e-3,\"warmup_steps\":3,\"ema\":0.9,"
             "\"gradient_clip\":1.5,"
             "\"weight_decay\":1e-4,\"early_stopping\":false,\"patience_steps\":9,\"patience_fraction\":0.25,"
             "\"evaluate_every\":4,"
             "\"evaluate_fraction\":0.2,\"precision\":\"fp32\"},"
             "\"split\":{\"folds\":1,\"by\":\"pair\",\"validation\":0.2,\"validation_max\":500},"
             "\"calibrate\":false,\"replicates\":2,"
             "\"permutations\":10,\"null_pairs\":1000,\"seed\":\"18446744073709551615\","
             "\"outputs\":{\"pmi\":false,\"model\":false,\"curve\":false},\"priority\":9,\"timeout_s\":60,"
             "\"tags\":{\"b\":\"2\",\"a\":\"1\"}");
    const mi_spec *spec = &job->spec;
    ck_assert_int_eq(spec->prepare.transform, MI_TRANSFORM_NONE);
    ck_assert_uint_eq(spec->prepare.pca, 12);
    ck_assert_double_eq(spec->prepare.clip, 4.5);
    ck_assert_double_eq(spec->objective.params.nu, 2.5);
    ck_assert_int_eq(spec->critic.type, MI_CRITIC_JOINT);
    ck_assert_uint_eq(spec->critic.n_hidden, 3);
    ck_assert_uint_eq(spec->critic.hidden[2], 8);
    ck_assert_uint_eq(spec->critic.embed, 5);
    ck_assert_double_eq(spec->critic.ridge, 0.01);
    ck_assert_uint_eq(spec->train.batch, 64);
    ck_assert_uint_eq(spec->train.max_steps, 77);
    ck_assert_double_eq(spec->train.gradient_clip, 1.5);
    ck_assert_double_eq(spec->train.weight_decay, 1e-4);
    ck_assert_int_eq(spec->train.early_stopping, 0);
    ck_assert_uint_eq(spec->train.evaluate_every, 4);
    ck_assert_uint_eq(spec->split.folds, 1);
    ck_assert_uint_eq(spec->split.validation_max, 500);
    ck_assert_uint_eq(spec->replicates, 2);
    ck_assert_uint_eq(spec->permutations, 10);
    ck_assert_uint_eq(spec->null_pairs, 1000);
    ck_assert_uint_eq(spec->seed, UINT64_MAX);
    ck_assert(!job->want_pmi && !job->want_curve);
    ck_assert_int_eq(job->priority, 9);
    ck_assert_uint_eq(job->timeout_s, 60);
    ck_assert_str_eq(job->tags, "{\"a\":\"1\",\"b\":\"2\"}");
    proto_job_free(job);
}
END_TEST

START_TEST(test_every_critic_has_its_name_and_its_settings)
{
    static const char *const names[] = {"separable", "joint", "bilinear", "cosine"};
    static const mi_critic_type types[] = {MI_CRITIC_SEPARABLE, MI_CRITIC_JOINT, MI_CRITIC_BILINEAR,
                                           MI_CRITIC_COSINE};
    for (size_t i = 0; i < 4; i++) {
        char field[64];
        snprintf(field, sizeof field, "\"critic\":{\"type\":\"%s\"}", names[i]);
        proto_job *job = good(field);
        char *text = job_encode(job);
        ck_assert_int_eq(job->spec.critic.type, types[i]);
        ck_assert_double_eq(job->spec.critic.temperature, 0.1);
        ck_assert_int_eq(job->spec.critic.learn_temperature, 1);
        ck_assert((strstr(text, "\"temperature\":0.1,\"learn_temperature\":true") != NULL) ==
                  (types[i] == MI_CRITIC_COSINE));
        free(text);
        proto_job_free(job);
    }
    proto_job *job = good("\"critic\":{\"type\":\"cosine\",\"temperature\":0.5,\"learn_temperature\":false}");
    ck_assert_double_eq(job->spec.critic.temperature, 0.5);
    ck_assert_int_eq(job->spec.critic.learn_temperature, 0);
    proto_job_free(job);
}
END_TEST

START_TEST(test_the_resolved_spec_decodes_to_the_same_job_bit_for_bit)
{
    static const char *const fields[] = {
        "",
        "\"recipe\":\"paper\"",
        "\"objective\":\"nwj\"",
        "\"objective\":\"infonce\"",
        "\"objective\":\"lmi\",\"outputs\":{\"model\":true}",
        "\"prepare\":{\"pca\":\"auto\"}",
        "\"critic\":{\"type\":\"bilinear\",\"embed\":7}",
        "\"critic\":{\"temperature\":0.07,\"learn_temperature\":false,\"type\":\"cosine\"}",
        "\"train\":{\"learning_rate\":0.00030000000000000003,\"gradient_clip\":0},\"split\":{\"validation\":"
        "0.1234567890123456789}",
        "\"pairs\":{\"dataset\":\"lr\",\"x_id\":\"a\",\"label\":\"k\"},\"split\":{\"by\":\"entity\"},"
        "\"outputs\":{\"model\":true}",
        "\"pairs\":{\"data\":[[\"a\",\"b\",1],[\"\u00e9\",\"c\",0]]},\"train\":{\"dropout\":0.25}",
        "\"critic\":{\"type\":\"joint\",\"hidden\":[7]},\"seed\":9007199254740992,\"tags\":{\"\\u00e9\":"
        "\"q\\\"\"}",
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        proto_job *job = good(fields[i]), *again;
        proto_problem problem;
        char *text = job_encode(job);
        ck_assert_msg(job_decode(&again, text, &problem) == MI_OK, "%s: %s", text, problem.errors[0].detail);
        ck_assert_mem_eq(&job->spec, &again->spec, sizeof job->spec);
        ck_assert_mem_eq(&job->x, &again->x, sizeof job->x);
        ck_assert_str_eq(job->tags, again->tags);
        ck_assert(job->want_pmi == again->want_pmi && job->want_curve == again->want_curve);
        ck_assert(job->want_model == again->want_model && job->has_pairs == again->has_pairs);
        char *text_again = job_encode(again);
        ck_assert_str_eq(text, text_again);
        free(text);
        free(text_again);
        proto_job_free(job);
        proto_job_free(again);
    }
}
END_TEST

START_TEST(test_the_resolved_spec_shows_every_setting)
{
    proto_job *job = good("");
    char *text = job_encode(job);
    ck_assert_str_eq(
        text,
        "{\"kind\":\"estimate\",\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"},\"recipe\":\"default\","
        "\"prepare\":{\"transform\":\"rank-gaussian\",\"pca\":\"auto\",\"clip\":10},"
        "\"objective\":{\"name\":\"infonce-anchor\",\"nu\":8,\"directions\":\"both\",\"k\":127},"
        "\"critic\":{\"type\":\"separable\",\"hidden\":[256,256],\"embed\":32,\"baseline\":\"gaussian\","
        "\"ridge\":0.001,\"spectral_ridge\":0.006},"
        "\"train\":{\"batch\":128,\"max_steps\":3000,\"learning_rate\":0.002,\"warmup_steps\":30,\"ema\":0."
        "999,\"gradient_clip\":10,"
        "\"weight_decay\":0,\"dropout\":0,\"early_stopping\":true,\"patience_steps\":200,\"patience_"
        "fraction\":0.5,"
        "\"evaluate_every\":6,"
        "\"evaluate_fraction\":0.1,\"precision\":\"fp32\"},"
        "\"split\":{\"folds\":5,\"by\":\"pair\",\"validation\":0.15,\"validation_max\":1024},\"calibrate\":"
        "true,\"debias\":\"optimism\",\"replicates\":1,"
        "\"permutations\":0,\"null_pairs\":100000,\"seed\":\"42\",\"outputs\":{\"pmi\":true,\"model\":false,"
        "\"curve\":true},"
        "\"priority\":5,\"timeout_s\":3600,\"tags\":{}}");
    free(text);
    proto_job_free(job);
}
END_TEST

START_TEST(test_each_bad_field_is_named)
{
    bad_field("\"kind\":\"thresholds\"", "/kind", "\"thresholds\" is not available in this version");
    bad_field("\"kind\":\"estimat\"", "/kind",
              "expected \"estimate\", \"benchmark\" or \"screen\", found \"estimat\"");
    bad_field("\"pairs\":[]", "/pairs", "expected an object such as");
    bad_field("\"pairs\":{}", "/pairs", "needs \"dataset\" or \"data\"");
    bad_field("\"pairs\":{\"dataset\":\"p\",\"sha256\":\"p\"}", "/pairs/sha256", "64 lower-case");
    bad_field("\"pairs\":{\"dataset\":\"p\",\"rows\":0}", "/pairs/rows", "positive");
    bad_field("\"pairs\":{\"dataset\":\"p\",\"y_ids\":0}", "/pairs/y_ids", "mean \"y_id\"?");
    bad_field("\"pairs\":{\"data\":[[\"a\",\"b\"],[\"a\"]]}", "/pairs/data/1", "a pair of ids");
    bad_field("\"pairs\":{\"dataset\":\"p\",\"symmetric\":1}", "/pairs/symmetric", "true or false");
    bad_field("\"pairs\":{\"dataset\":\"p\",\"symmetric\":true},\"split\":{\"by\":\"x\"}", "/split/by",
              "\"pair\" or \"entity\"");
    bad_field("\"recipe\":\"papers\"", "/recipe", "expected \"default\" or \"paper\", found \"papers\"");
    bad_field("\"recipe\":null", "/recipe", "found null");
    bad_field("\"prepare\":{\"transform\":1}", "/prepare/transform", "\"z-score\" or \"none\", found 1");
    bad_field("\"prepare\":{\"pca\":-1}", "/prepare/pca", "from 0 to 65536, found -1");
    bad_field("\"prepare\":{\"pca\":\"yes\"}", "/prepare/pca", "\"auto\" or a number");
    bad_field("\"prepare\":{\"clip\":0}", "/prepare/clip", "found 0");
    bad_field("\"prepare\":[]", "/prepare", "expected an object, found an array");
    bad_field("\"objective\":\"entropy\"", "/objective", "\"infonce-anchor\"");
    bad_field("\"objective\":{\"name\":7}", "/objective/name", "found 7");
    bad_field("\"objective\":{\"nu\":-1}", "/objective/nu", "found -1");
    bad_field("\"objective\":{\"nu\":\"8\"}", "/objective/nu", "found \"8\"");
    bad_field("\"objective\":{\"name\":\"nwj\",\"nu\":8}", "/objective/nu",
              "\"nwj\" does not take this parameter");
    bad_field("\"objective\":{\"directions\":\"rows\"}", "/objective/directions", "\"both\" or \"columns\"");
    bad_field("\"objective\":{\"k\":128}", "/objective/k", "127 (batch - 1");
    bad_field("\"objective\":17", "/objective", "found 17");
    bad_field("\"critic\":{\"type\":\"quadratic\"}", "/critic/type", "\"bilinear\" or \"cosine\"");
    bad_field("\"critic\":{\"temperature\":1}", "/critic/temperature",
              "the critic \"separable\" does not take this setting");
    bad_field("\"critic\":{\"type\":\"bilinear\",\"learn_temperature\":false}", "/critic/learn_temperature",
              "the critic \"bilinear\" does not take this setting");
    bad_field("\"critic\":{\"type\":\"cosine\",\"temperature\":0}", "/critic/temperature", "0.001 to 100");
    bad_field("\"critic\":{\"type\":\"cosine\",\"learn_temperature\":0.1}", "/critic/learn_temperature",
              "true or false");
    bad_field("\"critic\":{\"hidden\":[]}", "/critic/hidden", "array of layer widths");
    bad_field("\"critic\":{\"hidden\":256}", "/critic/hidden", "found 256");
    bad_field("\"critic\":{\"hidden\":[256,0]}", "/critic/hidden/1", "found 0");
    bad_field("\"critic\":{\"hidden\":[1,1,1,1,1,1,1,1,1]}", "/critic/hidden", "more than 8 layers");
    bad_field("\"critic\":{\"embed\":1.5}", "/critic/embed", "a whole number");
    bad_field("\"critic\":{\"baseline\":\"cca\"}", "/critic/baseline", "\"none\" or \"gaussian\"");
    bad_field("\"train\":{\"batch\":3}", "/train/batch", "from 4 to 4096, found 3");
    bad_field("\"train\":{\"max_steps\":1e300}", "/train/max_steps", "found 1e+300");
    bad_field("\"train\":{\"max_steps\":2000000}", "/train/max_steps", "at most 1000000");
    bad_field("\"train\":{\"learning_rate\":0}", "/train/learning_rate", "found 0");
    bad_field("\"train\":{\"ema\":1}", "/train/ema", "found 1");
    bad_field("\"train\":{\"early_stopping\":1}", "/train/early_stopping", "true or false, found 1");
    bad_field("\"train\":{\"precision\":\"fp16\"}", "/train/precision", "\"fp32\" or \"bf16\"");
    bad_field("\"split\":{\"folds\":0}", "/split/folds", "found 0");
    bad_field("\"split\":{\"by\":\"group\"}", "/split/by", "\"pair\", \"x\", \"y\" or \"entity\"");
    bad_field("\"train\":{\"dropout\":1}", "/train/dropout", "from 0 to 0.95, found 1");
    bad_field("\"critic\":{\"type\":\"joint\"},\"train\":{\"dropout\":0.1}", "/train/dropout",
              "the critic \"joint\" does not take this setting");
    bad_field("\"critic\":{\"spectral_ridge\":-1}", "/critic/spectral_ridge", "from 0 to 100");
    bad_field("\"split\":{\"validation\":0.9}", "/split/validation", "found 0.9");
    bad_field("\"replicates\":201", "/replicates", "1005 runs");
    bad_field("\"outputs\":{\"model\":1}", "/outputs/model", "true or false");
    bad_field("\"objective\":\"ksg\",\"outputs\":{\"model\":true}", "/outputs/model", "has no critic");
    bad_field("\"objective\":\"infonce\",\"outputs\":{\"model\":true}", "/outputs/model",
              "would have no PMI");
    bad_field("\"objectives\":[\"nwj\",\"cpe\"],\"outputs\":{\"model\":true}", "/outputs/model",
              "a comparison keeps no model");
    bad_field("\"objective\":\"infonce\",\"outputs\":{\"pmi\":true}", "/outputs/pmi",
              "only up to a factor C(y)");
    bad_field("\"objective\":\"infonce\",\"calibrate\":true", "/calibrate", "only up to a factor C(y)");
    bad_field("\"priority\":10", "/priority", "found 10");
    bad_field("\"timeout_s\":0", "/timeout_s", "found 0");
    bad_field("\"tags\":[\"a\"]", "/tags", "object of strings");
    bad_field("\"tags\":{\"a/b\":1}", "/tags/a~1b", "expected a string, found 1");
    bad_field("\"tags\":{\"\":\"x\"}", "/tags/", "1 to 64 bytes");
}
END_TEST

/* What is refused here could not be opened as a model. */
START_TEST(test_a_model_has_a_limited_number_of_members)
{
    static const char text[] = "{" JOB_INPUTS ",\"outputs\":{\"model\":true},\"replicates\":%d}";
    char with[256];
    proto_limits limits;
    proto_problem problem;
    proto_job *job;
    proto_limits_default(&limits);
    limits.max_runs = 10000;
    snprintf(with, sizeof with, text, 200);
    ck_assert_int_eq(proto_job_decode(&job, with, strlen(with), &limits, &problem), MI_OK);
    ck_assert_uint_eq(job->spec.split.folds, 5);
    proto_job_free(job);
    snprintf(with, sizeof with, text, 201);
    ck_assert_int_eq(proto_job_decode(&job, with, strlen(with), &limits, &problem), MI_INVALID);
    ck_assert(has_error(&problem, "/outputs/model", "1005 runs; a model is made of at most 1000"));
}
END_TEST

START_TEST(test_a_seed_is_any_64_bit_number)
{
    static const char *const seeds[] = {
        "\"\"", "\"-1\"", "\"18446744073709551616\"", "\"042\"", "\"1e3\"", "\" 1\"", "-1", "1.5", "1e17",
        "true", "null"};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        char field[64];
        snprintf(field, sizeof field, "\"seed\":%s", seeds[i]);
        bad_field(field, "/seed", "a string of decimal digits");
    }
    proto_job *job = good("\"seed\":\"0\"");
    ck_assert_uint_eq(job->spec.seed, 0);
    proto_job_free(job);
}
END_TEST

START_TEST(test_unknown_fields_are_errors_with_the_likely_name)
{
    bad_field("\"train\":{\"learning_rat\":1}", "/train/learning_rat",
              "did you mean \"/train/learning_rate\"?");
    bad_field("\"batch\":64", "/batch", "did you mean \"/train/batch\"?");
    bad_field("\"Recipe\":\"paper\"", "/Recipe", "did you mean \"/recipe\"?");
    bad_field("\"train\":{\"gradient_cilp\":1}", "/train/gradient_cilp",
              "did you mean \"/train/gradient_clip\"?");
    bad_field("\"qwertyuiop\":1", "/qwertyuiop", "/v1/info");
    bad_field("\"a/b~c\":1", "/a~1b~0c", "unknown field");
    job_bad("{\"x\":{\"dataset\":\"a\",\"datset\":1},\"y\":{\"dataset\":\"b\"}}", "/x/datset",
            "did you mean \"dataset\"?");
}
END_TEST

START_TEST(test_inputs_that_are_missing_or_wrong_are_named)
{
    static const char y[] = "\"y\":{\"dataset\":\"b\"}}";
    static const struct {
        const char *x, *pointer, *part;
    } cases[] = {
        {"{", "/x", "is required"},
        {"{\"x\":\"a\",", "/x", "expected an object"},
        {"{\"x\":{},", "/x", "needs one of"},
        {"{\"x\":{\"dataset\":\"\"},", "/x/dataset", "the name of a data set"},
        {"{\"x\":{\"dataset\":\"../etc\"},", "/x/dataset", "found \"../etc\""},
        {"{\"x\":{\"dataset\":7},", "/x/dataset", "found 7"},
        {"{\"x\":{\"sha256\":\"abc\"},", "/x/sha256", "64 lower-case"},
        {"{\"x\":{\"dataset\":\"a\",\"rows\":0},", "/x/rows", "positive whole number"},
        {"{\"x\":{\"dataset\":\"a\",\"columns\":1.5},", "/x/columns", "positive whole number"},
        {"{\"x\":{\"dataset\":\"a\",\"data\":[[1]]},", "/x", "give one of them"},
        {"{\"x\":{\"data\":7},", "/x/data", "expected rows of numbers, found 7"},
        {"{\"x\":{\"data\":null},", "/x/data", "found null"},
        {"{\"x\":{\"data\":[[1,2],[3]]},", "/x/data/1", "has 1 number, expected 2"},
        {"{\"x\":{\"data\":[[1,2],[3,\"4\"]]},", "/x/data/1/1", "expected a number"},
        {"{\"x\":{\"data\":[[1,2]],\"rows\":2},", "/x/data", "is 1 x 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", cases[i].x, y);
        job_bad(text, cases[i].pointer, cases[i].part);
    }
    job_bad("7", "", "expected a job, an object, found 7");
}
END_TEST

START_TEST(test_all_bad_fields_are_listed_at_once)
{
    proto_job *job;
    proto_problem problem;
    ck_assert_int_eq(
        job_decode(
            &job,
            "{\"x\":{\"data\":[[1,2],[3]]},\"recipe\":\"no\",\"train\":{\"batch\":1,\"bach\":2,\"ema\":-1},"
            "\"split\":7,\"outputs\":{\"model\":1},\"seed\":-3}",
            &problem),
        MI_INVALID);
    ck_assert_uint_eq(problem.n_errors, 9);
    ck_assert(has_error(&problem, "/x/data/1", "has 1 number"));
    ck_assert(has_error(&problem, "/y", "is required"));
    ck_assert(has_error(&problem, "/recipe", "found \"no\""));
    ck_assert(has_error(&problem, "/train/batch", "found 1"));
    ck_assert(has_error(&problem, "/train/bach", "did you mean \"/train/batch\"?"));
    ck_assert(has_error(&problem, "/train/ema", "found -1"));
    ck_assert(has_error(&problem, "/split", "expected an object, found 7"));
    ck_assert(has_error(&problem, "/outputs/model", "true or false"));
    ck_assert(has_error(&problem, "/seed", "found -3"));
}
END_TEST

START_TEST(test_bad_json_is_a_400_and_too_much_a_413)
{
    proto_job *job;
    proto_problem problem;
    proto_limits limits;
    ck_assert_int_eq(job_decode(&job, "{\"x\":{\"dataset\":\"a\"},\n \"train\":{\"batch\":1e400}}", &problem),
                     MI_INVALID);
    ck_assert_int_eq(proto_problem_status(&problem), 400);
    ck_assert_str_eq(problem.detail, "line 2, column 19: the number is too large");
    ck_assert_str_eq(problem.errors[0].pointer, "/train/batch");

    proto_limits_default(&limits);
    limits.max_inline_numbers = 3;
    static const char text[] = "{\"x\":{\"data\":[1,2,3]},\"y\":{\"data\":[1,2,3,4]}}";
    ck_assert_int_eq(proto_job_decode(&job, text, sizeof text - 1, &limits, &problem), MI_LIMIT);
    ck_assert_int_eq(proto_problem_status(&problem), 413);
    ck_assert(has_error(&problem, "/y/data", "more than 3 numbers"));
    limits.max_job_bytes = 10;
    ck_assert_int_eq(proto_job_decode(&job, text, sizeof text - 1, &limits, &problem), MI_LIMIT);
    ck_assert_int_eq(proto_problem_status(&problem), 413);
}
END_TEST

START_TEST(test_inline_data_survive_bit_for_bit)
{
    proto_job *job, *again;
    proto_problem problem;
    ck_assert_int_eq(
        job_decode(&job, "{\"x\":{\"data\":[[0.1,-0,3.4e38],[1e-45,16777217,7]]},\"y\":{\"data\":[1,2]}}",
                   &problem),
        MI_OK);
    ck_assert_uint_eq(job->x.rows, 2);
    ck_assert_uint_eq(job->x.cols, 3);
    ck_assert_uint_eq(job->y.cols, 1);
    ck_assert(job->x.inline_data[0] == 0.1f);
    char *text = job_encode(job);
    ck_assert_int_eq(job_decode(&again, text, &problem), MI_OK);
    ck_assert_mem_eq(job->x.inline_data, again->x.inline_data, 6 * sizeof(float));
    free(text);
    proto_job_free(again);

    memset(job->x.sha256, 'a', 64);
    text = job_encode(job);
    ck_assert_ptr_nonnull(strstr(text, "\"x\":{\"sha256\":\"aaaa"));
    ck_assert_ptr_null(strstr(text, "3.4"));
    ck_assert_int_eq(job_decode(&again, text, &problem), MI_OK);
    ck_assert_str_eq(again->x.sha256, job->x.sha256);
    ck_assert_uint_eq(again->x.rows, 2);
    free(text);
    proto_job_free(again);
    proto_job_free(job);
}
END_TEST

START_TEST(test_a_job_cut_at_any_byte_is_refused)
{
    proto_job *job = good("\"tags\":{\"a\":\"b\"},\"objective\":\"nwj\"");
    char *text = job_encode(job);
    size_t n = strlen(text);
    proto_limits limits;
    proto_limits_default(&limits);
    for (size_t cut = 0; cut < n; cut++) {
        proto_job *none;
        proto_problem problem;
        ck_assert_int_eq(proto_job_decode(&none, text, cut, &limits, &problem), MI_INVALID);
        ck_assert_int_eq(proto_problem_status(&problem), 400);
    }
    free(text);
    proto_job_free(job);
}
END_TEST

START_TEST(test_tags_are_bounded)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    proto_text_puts(&text, "\"tags\":{\"k\":\"v\"");
    for (int i = 0; i < 40; i++)
        proto_text_printf(&text, ",\"k%d\":\"v\"", i);
    proto_text_puts(&text, "}");
    bad_field(text.data, "/tags", "more than 32 tags");
    proto_text_fini(&text);
    char field[512];
    snprintf(field, sizeof field, "\"tags\":{\"k\":\"%0257d\"}", 0);
    bad_field(field, "/tags/k", "at most 256 bytes");
}
END_TEST

START_TEST(test_names_of_data_sets_are_safe_in_paths)
{
    char name[PROTO_NAME_MAX + 2];
    ck_assert(proto_name_valid("a"));
    ck_assert(proto_name_valid("Run-3_x.y"));
    ck_assert(!proto_name_valid(""));
    ck_assert(!proto_name_valid(".a"));
    ck_assert(!proto_name_valid("-a"));
    ck_assert(!proto_name_valid("a/b"));
    ck_assert(!proto_name_valid("a b"));
    ck_assert(!proto_name_valid("\xc3\xa9"));
    memset(name, 'a', sizeof name);
    name[PROTO_NAME_MAX + 1] = '\0';
    ck_assert(!proto_name_valid(name));
    name[PROTO_NAME_MAX] = '\0';
    ck_assert(proto_name_valid(name));
}
END_TEST

START_TEST(test_the_description_is_valid_json_and_lists_objectives_and_fields)
{
    proto_text text;
    proto_json_writer w;
    proto_json *json;
    proto_text_init(&text, 1 << 20);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_job_describe(&w);
    proto_write_end_object(&w);
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, NULL), MI_OK);
    const proto_node *root = proto_json_root(json);
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/objectives/0/parameters/0/name"), ""), "nu");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/recipes/paper/prepare/transform"), ""),
                     "z-score");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/critics/1"), ""), "joint");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/critics/3"), ""), "cosine");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/fields/0/pointer"), ""), "/kind");
    proto_json_free(json);
    proto_text_fini(&text);
}
END_TEST

int main(void)
{
    RUN_TESTS("job", test_only_x_and_y_are_needed, test_the_recipe_sets_defaults_and_fields_override_it,
              test_every_field_reaches_its_setting, test_every_critic_has_its_name_and_its_settings,
              test_the_resolved_spec_decodes_to_the_same_job_bit_for_bit,
              test_the_resolved_spec_shows_every_setting, test_each_bad_field_is_named,
              test_a_model_has_a_limited_number_of_members, test_a_seed_is_any_64_bit_number,
              test_unknown_fields_are_errors_with_the_likely_name,
              test_inputs_that_are_missing_or_wrong_are_named, test_all_bad_fields_are_listed_at_once,
              test_bad_json_is_a_400_and_too_much_a_413, test_inline_data_survive_bit_for_bit,
              test_a_job_cut_at_any_byte_is_refused, test_tags_are_bounded,
              test_names_of_data_sets_are_safe_in_paths,
              test_the_description_is_valid_json_and_lists_objectives_and_fields);
}
