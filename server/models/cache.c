#include "cache.h"

#include <string.h>

#define ITEMS_MAX 4096u /* so that walking the list is nothing */

mi_status cache_init(cache *c, uint64_t cap, mi_error *err)
{
    *c = (cache){.cap = cap};
    return pthread_mutex_init(&c->lock, NULL) == 0 ? MI_OK : mi_fail(err, MI_MEMORY, "a lock");
}

static bool same_key(const cache_key *a, const cache_key *b)
{
    return a->kind == b->kind && a->side == b->side && a->owner == b->owner &&
           strcmp(a->sha256, b->sha256) == 0;
}

/* Items that nobody holds and nobody finds, to be freed without the lock. */
static void free_list(cache_item *list)
{
    while (list) {
        cache_item *next = list->next;
        list->free(list);
        list = next;
    }
}

static void unlink_item(cache *c, cache_item **link, cache_item **unused)
{
    cache_item *item = *link;
    *link = item->next;
    item->next = NULL;
    item->dropped = true;
    c->bytes -= item->bytes;
    c->items--;
    if (item->refs == 0) {
        item->next = *unused;
        *unused = item;
    }
}

/* Drop an item and what belongs to it. */
static void drop(cache *c, const cache_item *item, cache_item **unused)
{
    for (cache_item **link = &c->first; *link;)
        if (*link == item || (*link)->key.owner == item)
            unlink_item(c, link, unused);
        else
            link = &(*link)->next;
}

static const cache_item *least_recent(const cache *c)
{
    const cache_item *found = NULL;
    for (const cache_item *item = c->first; item; item = item->next)
        if (item->refs == 0 && (!found || item->used < found->used))
            found = item;
    return found;
}

static void evict(cache *c, cache_item **unused)
{
    const cache_item *item;
    while ((c->bytes > c->cap || c->items > ITEMS_MAX) && (item = least_recent(c)))
        drop(c, item, unused);
}

static cache_item *find(cache *c, const cache_key *key)
{
    for (cache_item *item = c->first; item; item = item->next)
        if (same_key(&item->key, key)) {
            item->refs++;
            item->used = ++c->clock;
            return item;
        }
    return NULL;
}

cache_item *cache_find(cache *c, const cache_key *key)
{
    pthread_mutex_lock(&c->lock);
    cache_item *item = find(c, key);
    pthread_mutex_unlock(&c->lock);
    return item;
}

cache_item *cache_add(cache *c, cache_item *item)
{
    cache_item *unused = NULL;
    item->refs = 1;
    item->dropped = false;
    pthread_mutex_lock(&c->lock);
    cache_item *there = find(c, &item->key);
    /* What belongs to an owner that is forgotten is its holder's alone. */
    const bool orphan = item->key.owner && item->key.owner->dropped;
    if (!there && orphan) {
        item->dropped = true;
    } else if (!there) {
        item->used = ++c->clock;
        item->next = c->first;
        c->first = item;
        c->bytes += item->bytes;
        c->items++;
        evict(c, &unused);
    }
    pthread_mutex_unlock(&c->lock);
    free_list(unused);
    if (!there)
        return item;
    item->free(item);
    return there;
}

void cache_release(cache *c, cache_item *item)
{
    cache_item *unused = NULL;
    pthread_mutex_lock(&c->lock);
    if (--item->refs == 0) {
        if (item->dropped)
            unused = item; /* its next is NULL */
        else
            evict(c, &unused);
    }
    pthread_mutex_unlock(&c->lock);
    free_list(unused);
}

void cache_forget(cache *c, const char *sha256)
{
    cache_item *unused = NULL;
    pthread_mutex_lock(&c->lock);
    for (cache_item *item = c->first; item;)
        if (strcmp(item->key.sha256, sha256) == 0) {
            drop(c, item, &unused);
            item = c->first; /* what followed may be gone */
        } else {
            item = item->next;
        }
    pthread_mutex_unlock(&c->lock);
    free_list(unused);
}

void cache_tidy(cache *c)
{
    cache_item *unused = NULL;
    const cache_item *item;
    pthread_mutex_lock(&c->lock);
    while ((item = least_recent(c)))
        drop(c, item, &unused);
    pthread_mutex_unlock(&c->lock);
    free_list(unused);
}

void cache_usage(cache *c, uint64_t *bytes, uint64_t *items)
{
    pthread_mutex_lock(&c->lock);
    *bytes = c->bytes;
    *items = c->items;
    pthread_mutex_unlock(&c->lock);
}

void cache_fini(cache *c)
{
    free_list(c->first);
    pthread_mutex_destroy(&c->lock);
}
