/*
 * A resolved law in one expression, for tests.
 */
#ifndef TEST_LAWS_H
#define TEST_LAWS_H

#include "mi/law.h"

#include <stdlib.h>

/* 0: the law's own dim or MI. Aborts when there is no such instance. */
static inline mi_law_spec law_of(const char *name, uint32_t dim, double mi_nats)
{
    mi_law_spec spec = {mi_law_find(name), dim, mi_nats, 0.0};
    if (mi_law_resolve(&spec, "", NULL) != MI_OK)
        abort();
    return spec;
}

#endif
