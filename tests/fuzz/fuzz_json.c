/*
 * JSON from anywhere: what is accepted prints to JSON that is accepted again and prints the same.
 */
#include "fuzz.h"
#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

#define TREE_MAX 65536

static void print_again(const proto_json *json)
{
    proto_text once, twice;
    proto_json *again;
    proto_text_init(&once, 8 * TREE_MAX);
    proto_text_init(&twice, 8 * TREE_MAX);
    proto_node_print(proto_json_root(json), &once);
    if (proto_text_ok(&once)) {
        if (proto_json_parse(&again, once.data, once.length, 8 * TREE_MAX, NULL, 0, NULL) != MI_OK)
            abort();
        proto_node_print(proto_json_root(again), &twice);
        if (once.length != twice.length || memcmp(once.data, twice.data, once.length) != 0)
            abort();
        proto_json_free(again);
    }
    proto_text_fini(&once);
    proto_text_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    proto_json_matrix matrix = {.pointer = "/x/data", .max_numbers = 1000};
    proto_json *json;
    mi_error err = {.code = MI_OK};
    if (proto_json_parse(&json, (const char *)bytes, n, TREE_MAX, &matrix, 1, &err) == MI_OK) {
        if (matrix.data &&
            (matrix.rows == 0 || matrix.cols == 0 || matrix.rows * matrix.cols > matrix.max_numbers))
            abort();
        print_again(json);
        free(matrix.data);
        proto_json_free(json);
    } else if (err.code == MI_OK || err.message[0] == '\0' || matrix.data) {
        abort();
    }
    return 0;
}
