/*
 * Features of the rows of y, which all runs of a screen need: made once, by all that need them together, and
 * kept until the screen is over.
 *
 * Threads: any; a lock is held for moments only. A block that was taken has to be given back.
 */
#ifndef SCREENS_SHELF_H
#define SCREENS_SHELF_H

#include "mi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELF_BLOCK 1024u /* rows */

typedef struct screen_shelf screen_shelf;
typedef struct shelf_item shelf_item;

mi_status screen_shelf_new(screen_shelf **out, mi_error *err);
void screen_shelf_free(screen_shelf *shelf); /* nothing is open any more. NULL is legal */

/* The features (n, width) of a job. Close it. MI_MEMORY. */
mi_status screen_shelf_open(shelf_item **out, screen_shelf *shelf, const char *job_id, uint32_t n,
                            size_t width, mi_error *err);
void screen_shelf_close(screen_shelf *shelf, shelf_item *item);

typedef enum shelf_state {
    SHELF_BLOCK_TAKEN, /* rows first .. first + count - 1 are the caller's to make */
    SHELF_WAIT,        /* others make the rest */
    SHELF_READY,
} shelf_state;
shelf_state screen_shelf_take(screen_shelf *shelf, shelf_item *item, uint32_t *first, uint32_t *count);
/* made: false gives the block to others. */
void screen_shelf_give(screen_shelf *shelf, shelf_item *item, uint32_t first, bool made);
/* Rows that are made, of all. */
double screen_shelf_fraction(screen_shelf *shelf, const shelf_item *item);
float *screen_shelf_floats(const shelf_item *item); /* (n, width) */

/* Drop what nobody has open, unless it is of that job; NULL: whatever it is of. */
void screen_shelf_tidy(screen_shelf *shelf, const char *job_id);

#endif
