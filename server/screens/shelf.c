#include "screens/shelf.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef enum block_state { BLOCK_OPEN, BLOCK_TAKEN, BLOCK_MADE } block_state;

struct shelf_item {
    shelf_item *next;
    char job_id[64];
    uint32_t n, users, n_blocks, n_made;
    size_t width;
    float *floats;
    uint8_t *blocks; /* (n_blocks) */
};

struct screen_shelf {
    uv_mutex_t lock; /* of everything here but floats */
    shelf_item *items;
};

static void free_item(shelf_item *item)
{
    if (!item)
        return;
    free(item->floats);
    free(item->blocks);
    free(item);
}

mi_status screen_shelf_new(screen_shelf **out, mi_error *err)
{
    *out = calloc(1, sizeof **out);
    if (*out && uv_mutex_init(&(*out)->lock) == 0)
        return MI_OK;
    free(*out);
    *out = NULL;
    return mi_fail(err, MI_MEMORY, "a shelf");
}

void screen_shelf_free(screen_shelf *shelf)
{
    if (!shelf)
        return;
    screen_shelf_tidy(shelf, NULL);
    uv_mutex_destroy(&shelf->lock);
    free(shelf);
}

static shelf_item *new_item(const char *job_id, uint32_t n, size_t width)
{
    shelf_item *item = calloc(1, sizeof *item);
    size_t bytes;
    if (!item)
        return NULL;
    item->n = n;
    item->width = width;
    item->n_blocks = n / SHELF_BLOCK + (n % SHELF_BLOCK != 0);
    item->blocks = calloc(item->n_blocks + 1, 1);
    if (!__builtin_mul_overflow(width * sizeof(float), (size_t)n, &bytes) && bytes <= SIZE_MAX - 64)
        item->floats = aligned_alloc(64, bytes / 64 * 64 + 64);
    if (!item->blocks || !item->floats) {
        free_item(item);
        return NULL;
    }
    strncpy(item->job_id, job_id, sizeof item->job_id - 1);
    return item;
}

mi_status screen_shelf_open(shelf_item **out, screen_shelf *shelf, const char *job_id, uint32_t n,
                            size_t width, mi_error *err)
{
    shelf_item *item;
    uv_mutex_lock(&shelf->lock);
    for (item = shelf->items; item; item = item->next)
        if (strcmp(item->job_id, job_id) == 0 && item->n == n && item->width == width)
            break;
    if (!item && (item = new_item(job_id, n, width))) {
        item->next = shelf->items;
        shelf->items = item;
    }
    if (item)
        item->users++;
    uv_mutex_unlock(&shelf->lock);
    *out = item;
    return item ? MI_OK : mi_fail(err, MI_MEMORY, "features of %u rows", n);
}

void screen_shelf_close(screen_shelf *shelf, shelf_item *item)
{
    if (!item)
        return;
    uv_mutex_lock(&shelf->lock);
    item->users--;
    uv_mutex_unlock(&shelf->lock);
}

shelf_state screen_shelf_take(screen_shelf *shelf, shelf_item *item, uint32_t *first, uint32_t *count)
{
    shelf_state state = SHELF_WAIT;
    uv_mutex_lock(&shelf->lock);
    if (item->n_made == item->n_blocks)
        state = SHELF_READY;
    for (uint32_t b = 0; state == SHELF_WAIT && b < item->n_blocks; b++) {
        if (item->blocks[b] != BLOCK_OPEN)
            continue;
        item->blocks[b] = BLOCK_TAKEN;
        *first = b * SHELF_BLOCK;
        *count = item->n - *first < SHELF_BLOCK ? item->n - *first : SHELF_BLOCK;
        state = SHELF_BLOCK_TAKEN;
    }
    uv_mutex_unlock(&shelf->lock);
    return state;
}

void screen_shelf_give(screen_shelf *shelf, shelf_item *item, uint32_t first, bool made)
{
    uv_mutex_lock(&shelf->lock);
    item->blocks[first / SHELF_BLOCK] = made ? BLOCK_MADE : BLOCK_OPEN;
    item->n_made += made;
    uv_mutex_unlock(&shelf->lock);
}

double screen_shelf_fraction(screen_shelf *shelf, const shelf_item *item)
{
    uv_mutex_lock(&shelf->lock);
    const double fraction = item->n_blocks ? (double)item->n_made / item->n_blocks : 1.0;
    uv_mutex_unlock(&shelf->lock);
    return fraction;
}

float *screen_shelf_floats(const shelf_item *item)
{
    return item->floats;
}

void screen_shelf_tidy(screen_shelf *shelf, const char *job_id)
{
    uv_mutex_lock(&shelf->lock);
    for (shelf_item **at = &shelf->items; *at;) {
        shelf_item *item = *at;
        if (item->users == 0 && !(job_id && strcmp(item->job_id, job_id) == 0)) {
            *at = item->next;
            free_item(item);
        } else {
            at = &item->next;
        }
    }
    uv_mutex_unlock(&shelf->lock);
}
