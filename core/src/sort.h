/*
 * In-place heap sort for any item type: allocates nothing, O(n log n) whatever the input, and one order for
 * one input.
 *
 * MI_DEFINE_SORT(name, type, less) defines `static void name(type *items, size_t n, const void *context)`.
 * less(a, b, context) compares two items by value and has to be a strict weak order.
 */
#ifndef MI_SORT_H
#define MI_SORT_H

#include <stddef.h>

#define MI_DEFINE_SORT(name, type, less)                                             \
    static void name##_sift(type *items, size_t root, size_t n, const void *context) \
    {                                                                                \
        const type moved = items[root];                                              \
        for (size_t child; (child = 2 * root + 1) < n; root = child) {               \
            if (child + 1 < n && less(items[child], items[child + 1], context))      \
                child++;                                                             \
            if (!less(moved, items[child], context))                                 \
                break;                                                               \
            items[root] = items[child];                                              \
        }                                                                            \
        items[root] = moved;                                                         \
    }                                                                                \
    static void name(type *items, size_t n, const void *context)                     \
    {                                                                                \
        for (size_t i = n / 2; i-- > 0;)                                             \
            name##_sift(items, i, n, context);                                       \
        for (size_t end = n; end-- > 1;) {                                           \
            const type largest = items[0];                                           \
            items[0] = items[end];                                                   \
            items[end] = largest;                                                    \
            name##_sift(items, 0, end, context);                                     \
        }                                                                            \
    }

#endif
