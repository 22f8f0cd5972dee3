/*
 * Identifiers and time.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

#define ID_MAX 40

/* prefix + "_" + ULID (48-bit ms time, 80 random bits, Crockford base32): "job_01K...". Ids made by one
 * process ascend. Thread: any. */
void id_make(char out[ID_MAX], const char *prefix);
/* Whether text looks like an id of that prefix: what may reach a query. */
int id_valid(const char *text, const char *prefix);

int64_t clock_unix_ms(void);      /* wall clock */
int64_t clock_monotonic_ms(void); /* for durations */

#endif
