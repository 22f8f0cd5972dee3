/*
 * What a screen has that no other job has: a model, rows by id, a threshold.
 */
#include "job_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS_MAX (UINT64_C(64) << 20) /* bytes of a list of ids */

static const char *const above_names[] = {
    [PROTO_ABOVE_PMI] = "pmi", [PROTO_ABOVE_FPR] = "fpr", [PROTO_ABOVE_FDR] = "fdr"};

void proto_screen_defaults(proto_screen *screen)
{
    *screen = (proto_screen){.max_above = 1000000,
                             .exclude_known = true,
                             .skip_same = true,
                             .histogram = true,
                             .above_value = (double)NAN,
                             .parts = 1};
    for (int side = 0; side < 2; side++)
        proto_string_list_init(&screen->ids[side], IDS_MAX);
}

void proto_screen_fini(proto_screen *screen)
{
    for (int side = 0; side < 2; side++)
        proto_string_list_fini(&screen->ids[side]);
}

void proto_screen_model_decode(proto_screen *screen, const proto_node *node, const char *pointer,
                               proto_problem *problem)
{
    const char *name = proto_node_string(node, NULL);
    if (name && proto_name_valid(name))
        snprintf(screen->model, sizeof screen->model, "%s", name);
    else
        proto_problem_expected(problem, pointer, NULL, node, "the id or the alias of a model");
}

/* ---- above ---- */

static bool above_fits(proto_above above, double value)
{
    return above == PROTO_ABOVE_PMI ? isfinite(value) : value > 0 && value < 1;
}

void proto_screen_above_decode(proto_screen *screen, const proto_node *node, const char *pointer,
                               proto_problem *problem)
{
    static const char what[] = "one of {\"pmi\": nats}, {\"fpr\": share} and {\"fdr\": share}";
    const proto_node *child = proto_node_first(node);
    if (proto_node_kind(node) != PROTO_OBJECT || !child || proto_node_next(child)) {
        proto_problem_expected(problem, pointer, NULL, node, what);
        return;
    }
    for (int above = PROTO_ABOVE_PMI; above <= PROTO_ABOVE_FDR; above++) {
        if (strcmp(proto_node_key(child), above_names[above]) != 0)
            continue;
        screen->above = (proto_above)above;
        screen->above_value = proto_node_number(child, (double)NAN);
        if (!above_fits(screen->above, screen->above_value))
            proto_problem_expected(problem, pointer, above_names[above], child,
                                   above == PROTO_ABOVE_PMI ? "a number of nats"
                                                            : "a number above 0 and below 1");
        return;
    }
    char at[176];
    proto_pointer_join(at, sizeof at, pointer, proto_node_key(child));
    proto_problem_add(problem, at, "unknown field; expected %s", what);
}

void proto_screen_above_encode(const proto_screen *screen, const char *key, proto_json_writer *w)
{
    proto_write_object(w, key);
    if (screen->above != PROTO_ABOVE_NONE)
        proto_write_double(w, above_names[screen->above], screen->above_value);
    proto_write_end_object(w);
}

/* ---- x and y ---- */

static void decode_ids(proto_screen *screen, int side, const proto_node *node, const char *pointer,
                       proto_problem *problem)
{
    char at[48];
    uint64_t i = 0;
    screen->has_ids[side] = true;
    if (proto_node_kind(node) != PROTO_ARRAY || !proto_node_first(node)) {
        proto_problem_expected(problem, pointer, "ids", node,
                               "an array of ids, at least one; without it, all rows");
        return;
    }
    for (const proto_node *id = proto_node_first(node); id; id = proto_node_next(id), i++) {
        const char *text = proto_node_string(id, "");
        const size_t n = strlen(text);
        if (n == 0 || n > PROTO_STRING_MAX) {
            snprintf(at, sizeof at, "%s/ids/%llu", pointer, (unsigned long long)i);
            proto_problem_expected(problem, at, NULL, id, "an id, a string of 1 to 256 bytes");
        } else if (proto_string_list_append(&screen->ids[side], text, n, NULL) != MI_OK) {
            proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a list of ids");
            return;
        }
    }
}

static void decode_member(proto_job *job, int side, const proto_node *child, const char *pointer,
                          proto_problem *problem)
{
    proto_input *input = side ? &job->y : &job->x;
    const char *key = proto_node_key(child);
    char at[176];
    if (strcmp(key, "dataset") == 0) {
        proto_dataset_name_decode(input->dataset, child, pointer, key, problem);
    } else if (strcmp(key, "ids") == 0) {
        decode_ids(&job->screen, side, child, pointer, problem);
    } else if (strcmp(key, "sha256") == 0) {
        if (!proto_sha256_decode(input->sha256, child))
            proto_problem_expected(problem, pointer, "sha256", child, PROTO_SHA256_EXPECTED);
    } else if (strcmp(key, "rows") == 0 || strcmp(key, "columns") == 0) {
        if (!proto_extent_decode(strcmp(key, "rows") == 0 ? &input->rows : &input->cols, child))
            proto_problem_expected(problem, pointer, key, child, PROTO_EXTENT_EXPECTED);
    } else {
        proto_pointer_join(at, sizeof at, pointer, key);
        proto_problem_add(problem, at,
                          "unknown field; a screen's %s has dataset, ids, sha256, rows and columns",
                          pointer + 1);
    }
}

static void check_repeated(const proto_screen *screen, int side, proto_problem *problem)
{
    uint64_t first, second;
    bool repeated = false;
    char at[48];
    if (proto_string_list_repeated(&screen->ids[side], &repeated, &first, &second, NULL) != MI_OK)
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a list of ids");
    if (!repeated)
        return;
    snprintf(at, sizeof at, "%s/ids/%llu", side ? "/y" : "/x", (unsigned long long)second);
    proto_problem_add(problem, at, "is the same id as number %llu (from 0)", (unsigned long long)first);
}

static void decode_side(proto_job *job, int side, const proto_node *node, proto_problem *problem)
{
    const char *pointer = side ? "/y" : "/x";
    if (!node)
        return;
    if (proto_node_kind(node) != PROTO_OBJECT) {
        proto_problem_expected(problem, pointer, NULL, node,
                               "an object such as {\"dataset\": \"human\", \"ids\": [\"P01135\"]}");
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child))
        decode_member(job, side, child, pointer, problem);
    if (!proto_problem_any(problem))
        check_repeated(&job->screen, side, problem);
}

void proto_screen_sides_decode(proto_job *job, const proto_node *root, proto_problem *problem)
{
    for (int side = 0; side < 2; side++)
        decode_side(job, side, proto_node_member(root, side ? "y" : "x"), problem);
}

void proto_screen_side_encode(const proto_job *job, const proto_input *input, const char *key,
                              proto_json_writer *w)
{
    const int side = input == &job->y;
    const proto_string_list *ids = &job->screen.ids[side];
    proto_write_object(w, key);
    if (input->dataset[0] != '\0')
        proto_write_string(w, "dataset", input->dataset);
    if (input->sha256[0] != '\0')
        proto_write_string(w, "sha256", input->sha256);
    if (input->rows > 0)
        proto_write_u64(w, "rows", input->rows);
    if (input->cols > 0)
        proto_write_u64(w, "columns", input->cols);
    if (job->screen.has_ids[side]) {
        proto_write_array(w, "ids");
        for (uint64_t i = 0; i < ids->n; i++) {
            size_t n;
            const char *id = proto_string_list_at(ids, i, &n);
            proto_write_string_n(w, NULL, id, n);
        }
        proto_write_end_array(w);
    }
    proto_write_end_object(w);
}

/* ---- together ---- */

/* What is kept was asked for in a way that is told already. */
static bool is_told(const proto_problem *problem)
{
    for (unsigned i = 0; i < problem->n_errors; i++)
        if (strncmp(problem->errors[i].pointer, "/top", 4) == 0 ||
            strncmp(problem->errors[i].pointer, "/above", 6) == 0)
            return true;
    return false;
}

void proto_screen_check(const proto_job *job, proto_problem *problem)
{
    const proto_screen *s = &job->screen;
    if (s->model[0] == '\0' && !proto_problem_any(problem))
        proto_problem_add(problem, "/model", "is required: the id or the alias of a model");
    if (s->top == 0 && s->top_per_x == 0 && s->top_per_y == 0 && s->above == PROTO_ABOVE_NONE &&
        !is_told(problem))
        proto_problem_add(
            problem, "/top",
            "a screen has to keep something: at least one of top, top_per_x, top_per_y and above");
}
