/*
 * Log lines as they reach stderr.
 */
#include "../runner.h"
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char captured[1 << 20];

/* What `emit` writes to stderr. */
static const char *capture(void (*emit)(void))
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    emit();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t n = fread(captured, 1, sizeof captured - 1, file);
    captured[n] = '\0';
    fclose(file);
    return captured;
}

static void emit_one(void)
{
    log_info("job submitted", "job", "job_01", "tag", "two words", "empty", "", NULL);
}

START_TEST(test_logfmt_quotes_only_what_needs_it)
{
    log_setup(LOG_LEVEL_INFO, 0);
    const char *line = capture(emit_one);
    ck_assert_int_eq(strncmp(line, "time=20", 7), 0);
    ck_assert_ptr_nonnull(
        strstr(line, "Z level=info msg=\"job submitted\" job=job_01 tag=\"two words\" empty=\"\"\n"));
}
END_TEST

START_TEST(test_json_lines_are_objects)
{
    log_setup(LOG_LEVEL_INFO, 1);
    const char *line = capture(emit_one);
    ck_assert_int_eq(strncmp(line, "{\"time\":\"20", 11), 0);
    ck_assert_ptr_nonnull(
        strstr(line, "\"level\":\"info\",\"msg\":\"job submitted\",\"job\":\"job_01\",\"tag\":\"two "
                     "words\",\"empty\":\"\"}\n"));
}
END_TEST

static void emit_hostile(void)
{
    log_warn("bad name", "name", "a\nlevel=error msg=\"forged\" \xff\x1b[31m", NULL);
}

START_TEST(test_hostile_value_cannot_forge_a_line)
{
    for (int json = 0; json < 2; json++) {
        log_setup(LOG_LEVEL_INFO, json);
        const char *line = capture(emit_hostile);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        ck_assert_ptr_nonnull(strstr(line, "a\\nlevel=error msg=\\\"forged\\\" "));
        ck_assert_ptr_null(strchr(line, '\x1b'));
        ck_assert_ptr_null(strchr(line, '\xff'));
    }
}
END_TEST

static void emit_below_and_above(void)
{
    log_debug("below", NULL);
    log_info("below", NULL);
    log_warn("above", NULL);
    log_error("above", NULL);
}

START_TEST(test_lines_below_the_level_are_dropped)
{
    log_setup(LOG_LEVEL_WARN, 0);
    const char *lines = capture(emit_below_and_above);
    ck_assert_ptr_null(strstr(lines, "below"));
    ck_assert_ptr_nonnull(strstr(lines, "level=warn msg=above\n"));
    ck_assert_ptr_nonnull(strstr(lines, "level=error msg=above\n"));
}
END_TEST

static void emit_huge(void)
{
    static char huge[1 << 17];
    memset(huge, 'x', sizeof huge - 1);
    log_error("huge", "value", huge, NULL);
}

START_TEST(test_value_too_long_for_a_line_leaves_the_message)
{
    log_setup(LOG_LEVEL_INFO, 0);
    ck_assert_str_eq(capture(emit_huge), "level=error msg=\"huge\"\n");
}
END_TEST

static void *emit_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        log_info("line", "thread", (const char *)arg, NULL);
    return NULL;
}

static void emit_from_threads(void)
{
    pthread_t threads[2];
    static char names[2][2] = {"0", "1"};
    for (int t = 0; t < 2; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, emit_many, names[t]), 0);
    for (int t = 0; t < 2; t++)
        pthread_join(threads[t], NULL);
}

START_TEST(test_lines_of_threads_do_not_mix)
{
    log_setup(LOG_LEVEL_INFO, 0);
    char *lines = strdup(capture(emit_from_threads)), *rest = lines;
    int n = 0;
    for (char *line; (line = strsep(&rest, "\n")) && *line; n++) {
        ck_assert_int_eq(strncmp(line, "time=", 5), 0);
        ck_assert_ptr_nonnull(strstr(line, "level=info msg=line thread="));
        ck_assert_uint_lt(strlen(line), 80);
    }
    ck_assert_int_eq(n, 400);
    free(lines);
}
END_TEST

int main(void)
{
    RUN_TESTS("log", test_logfmt_quotes_only_what_needs_it, test_json_lines_are_objects,
              test_hostile_value_cannot_forge_a_line, test_lines_below_the_level_are_dropped,
              test_value_too_long_for_a_line_leaves_the_message, test_lines_of_threads_do_not_mix);
}
