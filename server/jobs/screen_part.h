/*
 * What a part of a screen leaves for the job's last run.
 *
 *     bytes of the result (mi/screen.h), uint64 | the result | pairs above the threshold, 12 bytes each
 *
 * A part without rows has no result: its first number is 0.
 */
#ifndef JOBS_SCREEN_PART_H
#define JOBS_SCREEN_PART_H

#include "screens/shelf.h"
#include "screens/subject.h"

/* `room` bytes are left in front; *out is the caller's to free. result NULL: no rows. MI_MEMORY. */
mi_status screen_part_pack(const mi_screen_result *result, const mi_screen_pair *above, uint64_t n_above,
                           size_t room, char **out, size_t *n, mi_error *err);
/* *result: the caller's; NULL for a part without rows. *above (n_above), not aligned, borrowed from bytes.
 * MI_CORRUPT, MI_MEMORY. */
mi_status screen_part_unpack(mi_screen_result **result, const void **above, uint64_t *n_above,
                             const void *bytes, size_t n, mi_error *err);
/* More pairs reach the threshold than the job takes: says so, and what to do. Returns MI_LIMIT. */
mi_status screen_too_many(const screen_subject *subject, mi_error *err);

#endif
