#include "base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic int64_t values[METRIC_COUNT];

static const struct {
    const char *name, *type, *help;
} table[METRIC_COUNT] = {
#define X(name, prom, type, help) [METRIC_##name] = {prom, type, help},
    METRIC_MAP(X)
#undef X
};

/* Relaxed: each figure stands alone, nothing is published through it. */
void metric_add(metric m, int64_t by)
{
    atomic_fetch_add_explicit(&values[m], by, memory_order_relaxed);
}

void metric_set(metric m, int64_t value)
{
    atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

int64_t metric_get(metric m)
{
    return atomic_load_explicit(&values[m], memory_order_relaxed);
}

static void encode_header(proto_text *out, const char *name, const char *type, const char *help)
{
    proto_text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_encode(proto_text *out)
{
    for (metric m = 0; m < METRIC_COUNT; m++) {
        encode_header(out, table[m].name, table[m].type, table[m].help);
        proto_text_printf(out, "%s %" PRId64 "\n", table[m].name, metric_get(m));
    }
}

void metrics_encode_one(proto_text *out, const char *name, const char *type, const char *help,
                        const char *labels, double value)
{
    char number[32];
    if (help)
        encode_header(out, name, type, help);
    proto_format_double(value, number);
    proto_text_printf(out, "%s%s %s\n", name, labels ? labels : "", number);
}
