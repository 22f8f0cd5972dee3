/*
 * What is kept: least recently used goes first, what is held stays, what belongs goes with its owner.
 */
#include "../runner.h"
#include "cache.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static _Atomic int freed[10], live;

typedef struct thing {
    cache_item item;
    int number;
} thing;

static void free_thing(cache_item *item)
{
    const int number = ((thing *)item)->number;
    atomic_fetch_add(&freed[number % 10], 1);
    atomic_fetch_sub(&live, 1);
    free(item);
}

static cache_key key_of(int number, const cache_item *owner)
{
    cache_key key = {.kind = owner ? CACHE_TABLE : CACHE_MATRIX, .owner = owner};
    snprintf(key.sha256, sizeof key.sha256, "%d", number);
    return key;
}

static cache_item *add(cache *c, int number, uint64_t bytes, const cache_item *owner)
{
    thing *t = calloc(1, sizeof *t);
    t->number = number;
    t->item = (cache_item){.key = key_of(number, owner), .bytes = bytes, .free = free_thing};
    atomic_fetch_add(&live, 1);
    return cache_add(c, &t->item);
}

static void begin(cache *c, uint64_t cap)
{
    for (int i = 0; i < 10; i++)
        freed[i] = 0;
    ck_assert_int_eq(cache_init(c, cap, NULL), MI_OK);
}

static uint64_t bytes_of(cache *c)
{
    uint64_t bytes, items;
    cache_usage(c, &bytes, &items);
    return bytes;
}

static cache_item *find(cache *c, int number, const cache_item *owner)
{
    const cache_key key = key_of(number, owner);
    return cache_find(c, &key);
}

START_TEST(test_least_recently_used_goes_first)
{
    cache c;
    begin(&c, 30);
    for (int i = 0; i < 3; i++)
        cache_release(&c, add(&c, i, 10, NULL));
    cache_release(&c, find(&c, 0, NULL));
    cache_release(&c, add(&c, 3, 10, NULL));
    ck_assert_int_eq(freed[1], 1);
    ck_assert_ptr_null(find(&c, 1, NULL));
    cache_release(&c, add(&c, 4, 20, NULL)); /* 2 and 0 */
    ck_assert_int_eq(freed[2], 1);
    ck_assert_int_eq(freed[0], 1);
    ck_assert_int_eq(freed[3], 0);
    ck_assert_uint_eq(bytes_of(&c), 30);
    cache_fini(&c);
    ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(test_what_is_held_stays)
{
    cache c;
    begin(&c, 10);
    cache_item *a = add(&c, 0, 10, NULL), *b = add(&c, 1, 10, NULL);
    ck_assert_int_eq(freed[0] + freed[1], 0);
    ck_assert_ptr_eq(find(&c, 0, NULL), a); /* twice */
    cache_forget(&c, "0");
    ck_assert_ptr_null(find(&c, 0, NULL));
    ck_assert_int_eq(freed[0], 0);
    ck_assert_uint_eq(bytes_of(&c), 10);
    /* again under that name, another one */
    cache_item *again = add(&c, 0, 1, NULL);
    ck_assert_ptr_ne(again, a);
    cache_release(&c, a);
    ck_assert_int_eq(freed[0], 0);
    cache_release(&c, a);
    ck_assert_int_eq(freed[0], 1);
    cache_release(&c, b); /* over the cap until now */
    ck_assert_int_eq(freed[1], 1);
    cache_release(&c, again);
    cache_fini(&c);
    ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(test_tidying_leaves_what_is_held)
{
    cache c;
    begin(&c, 100);
    cache_item *a = add(&c, 0, 10, NULL), *b = add(&c, 1, 10, NULL), *of_b = add(&c, 2, 10, b);
    cache_release(&c, of_b);
    cache_tidy(&c);
    ck_assert_int_eq(freed[0] + freed[1], 0);
    ck_assert_int_eq(freed[2], 1);
    cache_release(&c, b);
    cache_tidy(&c);
    ck_assert_int_eq(freed[1], 1);
    ck_assert_ptr_eq(find(&c, 0, NULL), a);
    ck_assert_uint_eq(bytes_of(&c), 10);
    cache_release(&c, a);
    cache_release(&c, a);
    cache_tidy(&c);
    ck_assert_int_eq(live, 0);
    cache_fini(&c);
}
END_TEST

START_TEST(test_who_comes_second_gets_the_first)
{
    cache c;
    begin(&c, 100);
    cache_item *first = add(&c, 5, 10, NULL);
    ck_assert_ptr_eq(add(&c, 5, 10, NULL), first);
    ck_assert_int_eq(freed[5], 1);
    ck_assert_uint_eq(bytes_of(&c), 10);
    cache_release(&c, first);
    cache_release(&c, first);
    /* larger than all there is room for: its user's alone */
    cache_release(&c, add(&c, 6, 1000, NULL));
    ck_assert_int_eq(freed[6], 1);
    cache_fini(&c);
    ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(test_what_belongs_goes_with_its_owner)
{
    cache c;
    begin(&c, 100);
    cache_item *owner = add(&c, 1, 10, NULL), *other = add(&c, 2, 10, NULL);
    cache_release(&c, add(&c, 7, 10, owner));
    cache_release(&c, add(&c, 8, 10, other));
    cache_item *held = add(&c, 9, 10, owner);
    cache_forget(&c, "1");
    ck_assert_int_eq(freed[7], 1);
    ck_assert_int_eq(freed[8] + freed[9] + freed[1], 0);
    ck_assert_ptr_null(find(&c, 9, owner));
    /* computed for an owner that was forgotten meanwhile */
    cache_item *late = add(&c, 3, 10, owner);
    ck_assert_ptr_null(find(&c, 3, owner));
    cache_release(&c, late);
    cache_release(&c, held);
    ck_assert_int_eq(freed[3] + freed[9], 2);
    cache_release(&c, owner);
    ck_assert_int_eq(freed[1], 1);
    cache_release(&c, other);
    ck_assert_uint_eq(bytes_of(&c), 20);
    cache_fini(&c);
    ck_assert_int_eq(live, 0);
}
END_TEST

static void *worker(void *arg)
{
    cache *c = arg;
    unsigned state = (unsigned)(uintptr_t)&state;
    for (int i = 0; i < 3000; i++) {
        const int number = (int)((state = state * 1103515245u + 12345u) >> 16) % 10;
        cache_item *item = find(c, number, NULL);
        if (!item)
            item = add(c, number, 10, NULL);
        cache_item *part = add(c, 9 - number, 3, item);
        ck_assert_int_eq(((thing *)item)->number, number);
        if (i % 17 == 0) {
            char name[4];
            snprintf(name, sizeof name, "%d", number);
            cache_forget(c, name);
        }
        cache_release(c, part);
        cache_release(c, item);
    }
    return NULL;
}

START_TEST(test_many_threads)
{
    cache c;
    pthread_t threads[4];
    begin(&c, 45);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, worker, &c), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_le(bytes_of(&c), 45);
    cache_fini(&c);
    ck_assert_int_eq(live, 0);
}
END_TEST

int main(void)
{
    RUN_TESTS("models_cache", test_least_recently_used_goes_first, test_what_is_held_stays,
              test_tidying_leaves_what_is_held, test_who_comes_second_gets_the_first,
              test_what_belongs_goes_with_its_owner, test_many_threads);
}
