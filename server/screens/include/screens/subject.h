/*
 * What a screen is of: a model, the rows of two data sets, and the pairs that are left out.
 *
 * Used when a screen is taken, to know that it can be done, by each of its runs, and when they are put
 * together. It depends on the job's spec and on immutable blobs alone, so that all of them see the same.
 */
#ifndef SCREENS_SUBJECT_H
#define SCREENS_SUBJECT_H

#include "mi/model.h"
#include "mi/null.h"
#include "mi/screen.h"
#include "proto/job.h"
#include "proto/model_file.h"
#include "store/store.h"

typedef struct screen_subject {
    store *store;
    const proto_job *job;
    store_mapping map[3]; /* x, y, model */
    proto_matrix_view view[2];
    uint8_t *categorical[2];
    mi_matrix matrix[2]; /* inside the mappings, with the columns that are categorical for the model */
    proto_model_view model;
    uint32_t n[2];                /* rows of the screen */
    uint32_t *rows[2];            /* (n) rows of the matrices; NULL: all, in order */
    proto_string_list missing[2]; /* ids that were asked for and have no row */
    uint64_t model_pairs, known;  /* pairs that the model was trained on; how many of the screen's they are */
    uint64_t same;                /* pairs of a row with itself that are left out */
    uint64_t pairs;               /* what is left to score */
    uint64_t n_out;               /* pairs left out by number: out[0][p], out[1][p], ascending */
    uint32_t *out[2];
    mi_screen_spec spec; /* of all rows, without width and log_scale (screen_use) */
} screen_subject;

/*
 * job      a screen with x and y resolved; borrowed
 * sha256   of the blobs of x, y and the model
 * returns  MI_INVALID with the pointer of what cannot be: no id of a list has a row, a data set has other
 *          columns than the model, a threshold that its null cannot give; MI_CORRUPT, MI_NOT_FOUND, MI_MEMORY
 */
mi_status screen_subject_open(screen_subject *out, store *s, const proto_job *job,
                              const char *const sha256[3], mi_error *err);
void screen_subject_close(screen_subject *subject);

/* Whether columns hold codes of categories, of which the model has to mean the same. */
bool screen_has_categories(const screen_subject *subject);

/* What mi/model.h tells of the subject's model; subject->spec is whole then. MI_UNSUPPORTED with the pointer
 * "/model": its PMI is no dot product. */
mi_status screen_use(screen_subject *subject, bool is_dot, size_t width, double constant, mi_error *err);
/* The opened model, which the caller frees, in use. */
mi_status screen_model(mi_model **out, screen_subject *subject, mi_error *err);

static inline mi_null screen_null(const screen_subject *s)
{
    return (mi_null){s->model.null_pmi, s->model.n_null};
}

/*
 * How many runs a screen is made of: some seconds each, enough for all workers, and no more than what they
 * leave for the last one fits into memory. subject->spec is whole. MI_LIMIT: it does not fit however it is
 * cut.
 */
mi_status screen_parts(uint32_t *out, const screen_subject *subject, uint32_t workers,
                       const proto_limits *limits, mi_error *err);

/* known.c: find subject->out, known, same and pairs. MI_MEMORY. */
mi_status screen_find_out(screen_subject *subject, mi_error *err);

#endif
