/*
 * What is kept in memory while nobody uses it, under a cap on bytes: least recently used first.
 *
 * An item is found by its key and held by reference counts. One that was dropped (evicted, or forgotten while
 * in use) is found no more, and freed once nobody holds it. An item may belong to another, its owner, and is
 * dropped with it: features go with their model.
 *
 * Threads: any; one lock for the books. free is called without it.
 */
#ifndef MODELS_CACHE_H
#define MODELS_CACHE_H

#include "proto/record.h"

#include <pthread.h>

typedef enum cache_kind { CACHE_MODEL, CACHE_MATRIX, CACHE_TABLE } cache_kind;

typedef struct cache_item cache_item;

typedef struct cache_key {
    cache_kind kind;
    int side;                   /* of a table */
    const cache_item *owner;    /* of a table: its model */
    char sha256[PROTO_SHA_HEX]; /* of the blob */
} cache_key;

/* Embedded at the beginning of what is kept. */
struct cache_item {
    cache_key key;
    uint64_t bytes;
    void (*free)(cache_item *item);
    unsigned refs; /* this and below: the cache's, under its lock */
    bool dropped;
    uint64_t used;
    cache_item *next;
};

typedef struct cache {
    pthread_mutex_t lock;
    uint64_t cap, bytes, items, clock;
    cache_item *first;
} cache;

mi_status cache_init(cache *c, uint64_t cap, mi_error *err);
/* Nobody holds anything. */
void cache_fini(cache *c);

/* The item, held, or NULL. */
cache_item *cache_find(cache *c, const cache_key *key);
/* Keep a new item and hold it. When somebody else was faster, `item` is freed and theirs is held instead. */
cache_item *cache_add(cache *c, cache_item *item);
void cache_release(cache *c, cache_item *item);
/* Drop what came of a blob. */
void cache_forget(cache *c, const char *sha256);
/* Drop what nobody holds. */
void cache_tidy(cache *c);
void cache_usage(cache *c, uint64_t *bytes, uint64_t *items);

#endif
