#include "tags.h"

#include "job_fields.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NAME  64
#define MAX_VALUE 256
#define MAX_BYTES ((size_t)1 << 20)

static int compare_keys(const void *a, const void *b)
{
    return strcmp(proto_node_key(*(const proto_node *const *)a),
                  proto_node_key(*(const proto_node *const *)b));
}

static void check_tag(const proto_node *tag, const char *pointer, proto_problem *problem)
{
    char at[256], found[64];
    const char *key = proto_node_key(tag), *value = proto_node_string(tag, NULL);
    proto_pointer_join(at, sizeof at, pointer, key);
    if (key[0] == '\0' || strlen(key) > MAX_NAME)
        proto_problem_add(problem, at, "a tag's name has 1 to %d bytes", MAX_NAME);
    else if (!value)
        proto_problem_add(problem, at, "expected a string, found %s", proto_node_describe(tag, found));
    else if (strlen(value) > MAX_VALUE)
        proto_problem_add(problem, at, "a tag's value has at most %d bytes", MAX_VALUE);
}

static char *canonical(const proto_node **tags, size_t n)
{
    proto_text text;
    proto_json_writer w;
    qsort(tags, n, sizeof tags[0], compare_keys);
    proto_text_init(&text, MAX_BYTES);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    for (size_t i = 0; i < n; i++)
        proto_write_string(&w, proto_node_key(tags[i]), proto_node_string(tags[i], ""));
    proto_write_end_object(&w);
    return proto_text_take(&text, NULL);
}

char *proto_tags_decode(const proto_node *node, const char *pointer, proto_problem *problem)
{
    const proto_node *tags[PROTO_MAX_TAGS];
    char found[64];
    size_t n = 0;
    const unsigned before = problem->n_errors + problem->n_more;
    if (proto_node_kind(node) != PROTO_OBJECT) {
        proto_problem_add(problem, pointer, "expected an object of strings, found %s",
                          proto_node_describe(node, found));
        return NULL;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child), n++) {
        if (n == PROTO_MAX_TAGS) {
            proto_problem_add(problem, pointer, "has more than %d tags", PROTO_MAX_TAGS);
            return NULL;
        }
        tags[n] = child;
        check_tag(child, pointer, problem);
    }
    if (problem->n_errors + problem->n_more != before)
        return NULL;
    char *text = canonical(tags, n);
    if (!text)
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for the tags");
    return text;
}
