/*
 * What a job's objects and events say about its progress, put together.
 *
 * The job object speaks of the whole job. A `progress` event speaks of one run, in the middle of the others:
 * the whole is their mean.
 */
#ifndef CLI_TRACKER_H
#define CLI_TRACKER_H

#include "progress.h"

#include "proto/json.h"

typedef struct tracker {
    const cli *c;
    progress_view *view; /* borrowed, kept up to date */
    char state[16];
    double version;
    double *fractions; /* (n_runs) as far as events told; owned */
    size_t n_runs;
    double first_fraction; /* when watching began; negative before */
} tracker;

void tracker_init(tracker *t, const cli *c, progress_view *view);
void tracker_fini(tracker *t);
void tracker_job(tracker *t, const proto_node *job);
/* elapsed_s: since watching began, for the estimate of what is left. Events of other names are ignored. */
void tracker_event(tracker *t, const char *name, const proto_node *data, double elapsed_s);

#endif
