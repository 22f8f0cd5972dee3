#include "command.h"
#include "help.h"
#include "options.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static mi_status parse(cli_options *out, const char *line, mi_error *err)
{
    static char words[1024], *argv[512];
    int argc = 0;

    snprintf(words, sizeof words, "mutual %s", line);
    for (char *word = strtok(words, " "); word && argc < 511; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_parse(out, argc, argv, err);
}

static void check_refused(const char *line, const char *message)
{
    cli_options o;
    mi_error err = {0};

    ck_assert_msg(parse(&o, line, &err) == MI_INVALID, "'%s' was accepted", line);
    ck_assert_msg(strstr(err.message, message) != NULL, "'%s': '%s' does not say '%s'", line, err.message,
                  message);
    options_fini(&o);
}

START_TEST(test_flags_stand_anywhere_and_in_every_spelling)
{
    static const char *const lines[] = {"-o json pmi job_1 --top 5", "pmi --top=5 job_1 -ojson",
                                        "pmi --output=json --top 5 -- job_1"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cli_options o;
        mi_error err = {0};

        ck_assert_msg(parse(&o, lines[i], &err) == MI_OK, "%s", err.message);
        ck_assert_int_eq(o.command->id, COMMAND_PMI);
        ck_assert_int_eq(o.format, CLI_JSON);
        ck_assert_uint_eq(o.top, 5);
        ck_assert_uint_eq(o.n_arguments, 1);
        ck_assert_str_eq(o.arguments[0], "job_1");
        ck_assert(isnan(o.min));
        options_fini(&o);
    }
}
END_TEST

START_TEST(test_settings_of_the_job_become_fields_of_the_document)
{
    cli_options o;
    mi_error err = {0};

    ck_assert_msg(
        parse(
            &o,
            "estimate x y --nu 8 --seed 18446744073709551615 --folds 3 --set /train/ema=0.9 --recipe pa\"per",
            &err) == MI_OK,
        "%s", err.message);
    ck_assert_uint_eq(o.n_assignments, 5);
    ck_assert_str_eq(o.assignments[0].pointer, "/objective/nu");
    ck_assert_str_eq(o.assignments[0].json, "8");
    ck_assert_str_eq(o.assignments[1].json, "\"18446744073709551615\"");
    ck_assert_str_eq(o.assignments[2].pointer, "/split/folds");
    ck_assert_str_eq(o.assignments[3].pointer, "/train/ema");
    ck_assert_str_eq(o.assignments[3].json, "0.9");
    ck_assert_str_eq(o.assignments[4].json, "\"pa\\\"per\"");
    options_fini(&o);
}
END_TEST

START_TEST(test_categorical_columns_become_a_list_or_all)
{
    cli_options o;
    mi_error err = {0};

    ck_assert_msg(parse(&o, "estimate x y --categorical-x 0,3 --categorical-y all", &err) == MI_OK, "%s",
                  err.message);
    ck_assert_uint_eq(o.n_assignments, 2);
    ck_assert_str_eq(o.assignments[0].pointer, "/x/categorical");
    ck_assert_str_eq(o.assignments[0].json, "[0,3]");
    ck_assert_str_eq(o.assignments[1].pointer, "/y/categorical");
    ck_assert_str_eq(o.assignments[1].json, "\"all\"");
    options_fini(&o);
    ck_assert_int_eq(parse(&o, "datasets put n f --categorical species,3", &err), MI_OK);
    ck_assert_str_eq(o.categorical, "species,3");
    options_fini(&o);
    check_refused("estimate x y --categorical-x species", "neither 'all' nor numbers");
    check_refused("estimate x y --categorical-x 1,,2", "neither 'all' nor numbers");
    check_refused("estimate x y --categorical-x 1,", "neither 'all' nor numbers");
    check_refused("estimate x y --categorical-x -1", "neither 'all' nor numbers");
}
END_TEST

START_TEST(test_a_group_alone_lists)
{
    cli_options o;

    ck_assert_int_eq(parse(&o, "jobs", NULL), MI_OK);
    ck_assert_int_eq(o.command->id, COMMAND_JOBS_LS);
    ck_assert_int_eq(parse(&o, "datasets", NULL), MI_OK);
    ck_assert_int_eq(o.command->id, COMMAND_DATASETS_LS);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
    check_refused("", "a command is missing");
    check_refused("frobnicate", "no command 'frobnicate'");
    check_refused("jobs frobnicate", "no command 'jobs frobnicate'");
    check_refused("pmi", "expected: mutual pmi ID");
    check_refused("pmi a b", "expected: mutual pmi ID");
    check_refused("estimate x y --frob", "no flag --frob");
    check_refused("estimate x y -z", "no flag -z");
    check_refused("estimate x y --nu", "--nu needs a value");
    check_refused("estimate x y --nu nan", "not a number");
    check_refused("estimate x y --nu 8x", "not a number");
    check_refused("estimate x y --folds -1", "not a whole number");
    check_refused("estimate x y --folds 99999999999999999999", "not a whole number");
    check_refused("estimate x y --detach=yes", "takes no value");
    check_refused("estimate x y --set train=1", "/pointer=json");
    check_refused("estimate x y --tag nothing", "key=value");
    check_refused("estimate x y -o yaml", "'yaml' is not one of");
    check_refused("curve job_1 --folds 3", "not a flag of 'mutual curve'");
    check_refused("pmi a --top 0", "at least 1");
    check_refused("jobs get a b", "expected: mutual jobs get ID");
    char many[2 * OPTIONS_MAX_ARGUMENTS + 32] = "score m";
    for (int i = 0; i <= OPTIONS_MAX_ARGUMENTS; i++)
        strcat(many, " a");
    check_refused(many, "too many arguments");
}
END_TEST

START_TEST(test_the_server_comes_from_flag_then_variable_then_default)
{
    cli_options o;

    unsetenv("MUTUAL_SERVER");
    ck_assert_int_eq(parse(&o, "info", NULL), MI_OK);
    ck_assert_str_eq(o.server, "http://127.0.0.1:8080");
    setenv("MUTUAL_SERVER", "http://a", 1);
    ck_assert_int_eq(parse(&o, "info", NULL), MI_OK);
    ck_assert_str_eq(o.server, "http://a");
    ck_assert_int_eq(parse(&o, "info --server http://b", NULL), MI_OK);
    ck_assert_str_eq(o.server, "http://b");
    unsetenv("MUTUAL_SERVER");
}
END_TEST

START_TEST(test_every_flag_is_in_the_help_of_its_commands)
{
    for (size_t i = 0; i < command_count; i++) {
        proto_text help;

        proto_text_init(&help, (size_t)1 << 18);
        help_command(&command_table[i], &help);
        for (size_t f = 0; f < options_count; f++) {
            char flag[64];
            bool takes = options_table[f].commands >> command_table[i].id & 1;

            snprintf(flag, sizeof flag, " --%s%s", options_table[f].name,
                     options_table[f].value ? " " : "  ");
            ck_assert_msg((strstr(help.data, flag) != NULL) == takes, "help of %s: %s", command_table[i].word,
                          flag);
        }
        proto_text_fini(&help);
    }
}
END_TEST

START_TEST(test_laws_and_levels_become_lists_of_the_document)
{
    static const char *const expected[][2] = {{"/laws/-", "\"ring-0.3\""},
                                              {"/laws/-", "{\"name\":\"gaussian\",\"dim\":20,\"mi_bits\":4}"},
                                              {"/laws/-", "{\"suite\":\"own\",\"half\":\"a\"}"},
                                              {"/fresh/levels_bits", "[2,4.5]"},
                                              {"/fresh/reset", "true"}};
    cli_options o;
    mi_error err = {0};

    ck_assert_msg(parse(&o,
                        "benchmark --law ring-0.3 --law gaussian:dim=20,bits=4 --suite own:a --levels 2,4.5 "
                        "--reset --objectives nwj,ksg",
                        &err) == MI_OK,
                  "%s", err.message);
    ck_assert_uint_eq(o.n_assignments, 5);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_str_eq(o.assignments[i].pointer, expected[i][0]);
        ck_assert_str_eq(o.assignments[i].json, expected[i][1]);
    }
    ck_assert_str_eq(o.compare, "nwj,ksg");
    options_fini(&o);
    check_refused("benchmark --law :dim=2", "a name is missing");
    check_refused("benchmark --law gaussian:dim", "gaussian:dim=20");
    check_refused("benchmark --law gaussian:dim=two", "not a number");
    check_refused("benchmark --levels 2,,4", "not a list of numbers");
    check_refused("benchmark --levels 2;4", "not a list of numbers");
    check_refused("estimate --law gaussian", "--law is not a flag of 'mutual estimate'");
}
END_TEST

int main(void)
{
    RUN_TESTS("options", test_flags_stand_anywhere_and_in_every_spelling,
              test_settings_of_the_job_become_fields_of_the_document,
              test_categorical_columns_become_a_list_or_all, test_a_group_alone_lists,
              test_what_is_wrong_is_named, test_the_server_comes_from_flag_then_variable_then_default,
              test_every_flag_is_in_the_help_of_its_commands,
              test_laws_and_levels_become_lists_of_the_document);
}
