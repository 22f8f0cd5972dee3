#include "list.h"

#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 200u /* what every list of the server gives at once */

void list_query(proto_text *path, const char *key, const char *value)
{
    if (!value)
        return;
    proto_text_printf(path, "%c%s=", path->data && strchr(path->data, '?') ? '&' : '?', key);
    http_encode(path, value);
}

void list_query_count(proto_text *path, const char *key, uint64_t value)
{
    char number[24];

    snprintf(number, sizeof number, "%" PRIu64, value);
    list_query(path, key, value ? number : NULL);
}

static char *page_path(const char *path, uint64_t limit, const char *after)
{
    proto_text text;

    proto_text_init(&text, 1 << 14);
    proto_text_puts(&text, path);
    list_query_count(&text, "limit", limit);
    list_query(&text, "after", after);
    return proto_text_take(&text, NULL);
}

static cli_exit read_page(cli *c, const char *path, uint64_t limit, const char *after, api_document *out)
{
    char *url = page_path(path, limit, after);
    cli_exit code = api_get(c, url, out);

    free(url);
    return code;
}

/* The page's cursor when it is another one than before; a list that does not move on has ended. */
static char *next_cursor(const api_document *page, const char *before)
{
    const char *next = json_string(page->root, "/next");

    return next && (!before || strcmp(next, before) != 0) ? strdup(next) : NULL;
}

static cli_exit print_rows(cli *c, const char *path, table *t, list_row *add_row, double *total)
{
    uint64_t limit = c->options->limit ? c->options->limit : LIST_DEFAULT_LIMIT, n = 0;
    char *after = c->options->after ? strdup(c->options->after) : NULL, *next;
    char shown[SAFE_SIZE];
    cli_exit code = CLI_OK;

    do {
        api_document page;
        uint64_t before = n, want = limit - n < PAGE ? limit - n : PAGE;

        code = read_page(c, path, want, after, &page);
        if (code == CLI_OK) {
            const proto_node *item = proto_node_first(proto_node_member(page.root, "data"));

            for (; item && n < limit; item = proto_node_next(item), n++)
                add_row(t, item);
            if (total)
                *total = json_number(page.root, "/total");
        }
        next = code == CLI_OK && n > before ? next_cursor(&page, after) : NULL;
        free(after);
        after = next;
        api_document_fini(&page);
    } while (after && n < limit);
    if (code == CLI_OK)
        code = output_table(c, t, 0);
    if (code == CLI_OK && after)
        say_note(c, "there is more: --after %s, or a higher --limit", safe(c, shown, after));
    free(after);
    return code;
}

cli_exit list_print(cli *c, const char *path, table *t, list_row *add_row, double *total)
{
    api_document page;
    cli_exit code;

    if (total)
        *total = (double)NAN;
    if (c->options->format == CLI_JSON) {
        code = read_page(c, path, c->options->limit, c->options->after, &page);
        if (code == CLI_OK)
            output_json(c, page.bytes, page.n);
        api_document_fini(&page);
    } else {
        code = print_rows(c, path, t, add_row, total);
    }
    table_fini(t);
    return code;
}
