#include "proto/model_record.h"

#include "job_fields.h"
#include "tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void proto_model_record_fini(proto_model_record *model)
{
    free(model->tags);
    free(model->description);
    memset(model, 0, sizeof *model);
}

void proto_model_record_encode(const proto_model_record *model, bool brief, proto_json_writer *w,
                               const char *key)
{
    char weights[PROTO_ID_MAX + 32];
    snprintf(weights, sizeof weights, "/v1/models/%s/weights", model->id);
    proto_write_object(w, key);
    proto_write_string(w, "object", "model");
    proto_write_string(w, "id", model->id);
    proto_write_string(w, "alias", model->alias[0] ? model->alias : NULL);
    proto_write_bool(w, "pinned", model->pinned);
    proto_write_raw(w, "tags", model->tags ? model->tags : "{}");
    proto_write_string(w, "job", model->job_id);
    proto_write_time(w, "created_at", model->created_ms);
    proto_write_u64(w, "bytes", model->bytes);
    proto_write_string(w, "sha256", model->sha256);
    proto_write_string(w, "weights", weights);
    if (!brief && model->description)
        proto_write_members(w, model->description);
    proto_write_end_object(w);
}

/* ---- what changes ---- */

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool proto_alias_valid(const char *alias)
{
    return proto_name_valid(alias) && !begins(alias, PROTO_MODEL_PREFIX "_") && !begins(alias, "job_");
}

void proto_model_patch_fini(proto_model_patch *patch)
{
    free(patch->tags);
    memset(patch, 0, sizeof *patch);
}

static void decode_alias(proto_model_patch *out, const proto_node *node, proto_problem *problem)
{
    const char *alias = proto_node_string(node, NULL);
    out->has_alias = true;
    if (alias && proto_alias_valid(alias))
        snprintf(out->alias, sizeof out->alias, "%s", alias);
    else if (proto_node_kind(node) != PROTO_NULL)
        proto_problem_expected(
            problem, "/alias", NULL, node,
            "null, or a name of 1 to 128 characters of [A-Za-z0-9._-], the first a letter or digit, that "
            "does not begin with \"mdl_\" or \"job_\"");
}

static void decode_pinned(proto_model_patch *out, const proto_node *node, proto_problem *problem)
{
    if (proto_node_kind(node) != PROTO_BOOL)
        proto_problem_expected(problem, "/pinned", NULL, node, "true or false");
    out->has_pinned = true;
    out->pinned = proto_node_bool(node, false);
}

static void decode_members(proto_model_patch *out, const proto_node *root, proto_problem *problem)
{
    static const char *const known[] = {"alias", "pinned", "tags", NULL};
    for (const proto_node *node = proto_node_first(root); node; node = proto_node_next(node)) {
        const char *key = proto_node_key(node);
        char at[128];
        if (strcmp(key, "alias") == 0) {
            decode_alias(out, node, problem);
        } else if (strcmp(key, "pinned") == 0) {
            decode_pinned(out, node, problem);
        } else if (strcmp(key, "tags") == 0) {
            out->tags = proto_tags_decode(node, "/tags", problem);
        } else {
            const char *meant = proto_name_nearest(key, known);
            proto_pointer_join(at, sizeof at, "", key);
            proto_problem_add(problem, at, "unknown field; known are alias, pinned and tags%s%s%s",
                              meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
        }
    }
}

mi_status proto_model_patch_decode(proto_model_patch *out, const char *bytes, size_t n,
                                   proto_problem *problem)
{
    proto_json *json = NULL;
    mi_error err = {.code = MI_OK};
    memset(out, 0, sizeof *out);
    proto_problem_init(problem);
    mi_status status =
        n > PROTO_MODEL_PATCH_MAX
            ? mi_fail(&err, MI_LIMIT, "a change of a model has at most %u bytes", PROTO_MODEL_PATCH_MAX)
            : proto_json_parse(&json, bytes, n, PROTO_MODEL_PATCH_MAX, NULL, 0, &err);
    if (status != MI_OK) {
        proto_problem_from_json(problem, &err);
        return status;
    }
    if (proto_node_kind(proto_json_root(json)) == PROTO_OBJECT)
        decode_members(out, proto_json_root(json), problem);
    else
        proto_problem_expected(problem, "", NULL, proto_json_root(json), "an object");
    proto_json_free(json);
    if (!proto_problem_any(problem))
        return MI_OK;
    proto_model_patch_fini(out);
    return proto_problem_failure(problem);
}
