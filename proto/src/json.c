#include "proto/json.h"
#include "json_scan.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct proto_json {
    cJSON *root;
};

mi_status proto_json_parse(proto_json **out, const char *bytes, size_t n, size_t max_tree,
                           proto_json_matrix *matrices, size_t n_matrices, mi_error *err)
{
    proto_text skeleton;
    proto_json *json = NULL;
    mi_status status;
    *out = NULL;
    for (size_t i = 0; i < n_matrices; i++) {
        matrices[i].data = NULL;
        matrices[i].rows = matrices[i].cols = 0;
        matrices[i].error = (mi_error){.code = MI_OK};
    }
    proto_text_init(&skeleton, max_tree);
    if ((status = proto_json_scan(&skeleton, bytes, n, matrices, n_matrices, err)) != MI_OK)
        goto out;
    /* What the scanner accepted, cJSON accepts: it can only run out of memory. */
    json = calloc(1, sizeof *json);
    if (json)
        json->root = cJSON_ParseWithLength(skeleton.data, skeleton.length);
    if (!json || !json->root) {
        status = mi_fail(err, MI_MEMORY, "out of memory while reading JSON");
        goto out;
    }
    *out = json;
    json = NULL;
out:
    if (status != MI_OK)
        for (size_t i = 0; i < n_matrices; i++) {
            free(matrices[i].data);
            matrices[i].data = NULL;
        }
    proto_text_fini(&skeleton);
    free(json);
    return status;
}

void proto_json_free(proto_json *json)
{
    if (json)
        cJSON_Delete(json->root);
    free(json);
}

const proto_node *proto_json_root(const proto_json *json)
{
    return json ? json->root : NULL;
}

proto_kind proto_node_kind(const proto_node *node)
{
    if (cJSON_IsBool(node))
        return PROTO_BOOL;
    if (cJSON_IsNumber(node))
        return PROTO_NUMBER;
    if (cJSON_IsString(node))
        return PROTO_STRING;
    if (cJSON_IsArray(node))
        return PROTO_ARRAY;
    if (cJSON_IsObject(node))
        return PROTO_OBJECT;
    return PROTO_NULL;
}

const char *proto_node_key(const proto_node *node)
{
    return node ? node->string : NULL;
}

const proto_node *proto_node_member(const proto_node *node, const char *key)
{
    return cJSON_IsObject(node) ? cJSON_GetObjectItemCaseSensitive(node, key) : NULL;
}

const proto_node *proto_node_first(const proto_node *node)
{
    return cJSON_IsObject(node) || cJSON_IsArray(node) ? node->child : NULL;
}

const proto_node *proto_node_next(const proto_node *node)
{
    return node ? node->next : NULL;
}

/* One reference token of a pointer, unescaped, against a key. */
static bool token_is(const char *token, size_t n, const char *key)
{
    size_t i = 0;
    for (; i < n && *key; i++, key++) {
        char c = token[i];
        if (c == '~' && i + 1 < n && (token[i + 1] == '0' || token[i + 1] == '1'))
            c = token[++i] == '0' ? '~' : '/';
        if (c != *key)
            return false;
    }
    return i == n && *key == '\0';
}

static const proto_node *child_at(const proto_node *node, const char *token, size_t n)
{
    const proto_node *child = proto_node_first(node);
    if (cJSON_IsObject(node)) {
        while (child && !token_is(token, n, child->string))
            child = child->next;
        return child;
    }
    size_t index = 0;
    if (n == 0 || n > 9 || (n > 1 && token[0] == '0'))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (token[i] < '0' || token[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    while (child && index-- > 0)
        child = child->next;
    return child;
}

const proto_node *proto_json_at(const proto_node *root, const char *pointer)
{
    const proto_node *node = root;
    while (node && *pointer != '\0') {
        if (*pointer != '/')
            return NULL;
        const char *token = ++pointer;
        while (*pointer != '\0' && *pointer != '/')
            pointer++;
        node = child_at(node, token, (size_t)(pointer - token));
    }
    return node;
}

double proto_node_number(const proto_node *node, double fallback)
{
    return cJSON_IsNumber(node) ? node->valuedouble : fallback;
}

bool proto_node_whole(const proto_node *node, uint64_t *out)
{
    const double value = proto_node_number(node, -1);
    if (!(value >= 0 && value <= 9007199254740992.0 && value == (double)(uint64_t)value))
        return false;
    *out = (uint64_t)value;
    return true;
}

const char *proto_node_string(const proto_node *node, const char *fallback)
{
    return cJSON_IsString(node) ? node->valuestring : fallback;
}

bool proto_node_bool(const proto_node *node, bool fallback)
{
    return cJSON_IsBool(node) ? cJSON_IsTrue(node) != 0 : fallback;
}

static void print_node(proto_json_writer *w, const char *key, const proto_node *node)
{
    switch (proto_node_kind(node)) {
    case PROTO_NULL:
        proto_write_null(w, key);
        break;
    case PROTO_BOOL:
        proto_write_bool(w, key, cJSON_IsTrue(node) != 0);
        break;
    case PROTO_NUMBER:
        proto_write_double(w, key, node->valuedouble);
        break;
    case PROTO_STRING:
        proto_write_string(w, key, node->valuestring);
        break;
    case PROTO_ARRAY:
        proto_write_array(w, key);
        for (const proto_node *child = node->child; child; child = child->next)
            print_node(w, NULL, child);
        proto_write_end_array(w);
        break;
    case PROTO_OBJECT:
        proto_write_object(w, key);
        for (const proto_node *child = node->child; child; child = child->next)
            print_node(w, child->string, child);
        proto_write_end_object(w);
        break;
    }
}

void proto_node_print(const proto_node *node, proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    print_node(&w, NULL, node);
}
