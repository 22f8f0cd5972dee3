/*
 * A job's or an upload's progress: what is known, and how it is drawn.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

#include "proto/text.h"

typedef struct progress_view {
    char phase[24];          /* escaped */
    double fraction;         /* 0..1 */
    double runs_done, runs;  /* runs 0: unknown */
    double step;             /* of the run that reported last; negative: unknown */
    double eta_s, elapsed_s; /* eta negative: unknown */
    char extra[64];          /* "12.3 MB of 40 MB" */
} progress_view;

void progress_init(progress_view *view);
/* One line that fits into width columns, with a bar as wide as there is room for. */
void progress_bar(const progress_view *view, int width, bool utf8, proto_text *out);
/* One line for a log. */
void progress_log(const progress_view *view, proto_text *out);

/* Shows a view as it changes: a bar redrawn in place on a terminal, else a line every few seconds. */
typedef struct progress {
    cli *c;
    const char *subject; /* "job_01K...", escaped, borrowed */
    progress_view view;
    double started_s, shown_s;
    bool off;
} progress;

void progress_start(progress *p, cli *c, const char *subject);
void progress_show(progress *p); /* at most ten times a second; cheap otherwise */
void progress_end(progress *p);  /* takes the bar away */
double clock_s(void);            /* monotonic */

#endif
