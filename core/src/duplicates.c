#include "duplicates.h"

#include "checksum.h"
#include "sort.h"

#include <stdlib.h>
#include <string.h>

typedef struct fingerprint {
    uint64_t hash;
    uint64_t row;
} fingerprint;

static int less_fingerprint(fingerprint a, fingerprint b, const void *context)
{
    (void)context;
    return a.hash < b.hash || (a.hash == b.hash && a.row < b.row);
}
MI_DEFINE_SORT(sort_fingerprints, fingerprint, less_fingerprint)

static int equal_rows(mi_matrix m, uint64_t a, uint64_t b)
{
    return memcmp(mi_matrix_row(&m, a), mi_matrix_row(&m, b), m.cols * sizeof *m.data) == 0;
}

mi_status mi_count_duplicates(uint64_t *out, mi_matrix x, mi_matrix y, mi_error *err)
{
    *out = 0;
    fingerprint *rows = calloc(x.rows ? x.rows : 1, sizeof *rows);
    if (!rows)
        return mi_fail(err, MI_MEMORY, "no memory to compare %llu pairs", (unsigned long long)x.rows);
    for (uint64_t i = 0; i < x.rows; i++) {
        const uint64_t of_x = mi_checksum(mi_matrix_row(&x, i), x.cols * sizeof(float)),
                       of_y = mi_checksum(mi_matrix_row(&y, i), y.cols * sizeof(float));
        rows[i] = (fingerprint){mi_checksum_mix(of_x) ^ of_y, i};
    }
    sort_fingerprints(rows, x.rows, NULL);
    /* Rows of one hash are compared with the first of them: a collision of different rows is missed, never
     * counted. */
    for (uint64_t i = 1, first = 0; i < x.rows; i++) {
        if (rows[i].hash != rows[first].hash)
            first = i;
        else
            *out +=
                equal_rows(x, rows[first].row, rows[i].row) && equal_rows(y, rows[first].row, rows[i].row);
    }
    free(rows);
    return MI_OK;
}
