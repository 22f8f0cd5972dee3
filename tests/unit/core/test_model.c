/*
 * A model scores what its runs have held out as they did, whatever was trained; and what is wrong with its
 * tensors is said.
 */
#include "estimating.h"
#include "mi/model.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 90, N = 300, DIM_X = 7, DIM_Y = 5 };

/* Pairs of rows by index, of which some rows occur often, related by a few columns. */
typedef struct bench {
    float x[ROWS * DIM_X], y[ROWS * DIM_Y];
    uint32_t index[2][N];
    mi_matrix mx, my;
    mi_spec spec;
} bench;

static bench *bench_new(const char *objective)
{
    bench *b = calloc(1, sizeof *b);
    mi_rng rng = test_rng(31);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < DIM_X; j++)
            b->x[i * DIM_X + j] = (float)mi_rng_normal(&rng);
        for (int j = 0; j < DIM_Y; j++)
            b->y[i * DIM_Y + j] = b->x[i * DIM_X + j] + 0.7f * (float)mi_rng_normal(&rng);
    }
    for (uint32_t i = 0; i < N; i++) {
        b->index[0][i] = mi_rng_below(&rng, ROWS);
        b->index[1][i] = i % 3 ? b->index[0][i] : (b->index[0][i] + 1) % ROWS;
    }
    b->mx = (mi_matrix){b->x, N, DIM_X, NULL, b->index[0], b->index[0]};
    b->my = (mi_matrix){b->y, N, DIM_Y, NULL, b->index[1], b->index[1]};
    mi_spec_from_recipe(&b->spec, MI_RECIPE_DEFAULT);
    mi_spec_set_objective(&b->spec, mi_objective_find(objective));
    b->spec.train.max_steps = 60;
    b->spec.critic.hidden[0] = b->spec.critic.hidden[1] = 24;
    b->spec.critic.embed = 6;
    b->spec.split.folds = 3;
    b->spec.split.validation = 0.25;
    return b;
}

static mi_run *run_done(const bench *b, uint32_t fold)
{
    mi_run *run = NULL;
    mi_error err = {0};
    mi_progress p = {0};
    ck_assert_msg(mi_run_new(&run, &b->spec, 0, fold, b->mx, b->my, &err) == MI_OK, "%s %s", err.pointer,
                  err.message);
    while (p.phase != MI_PHASE_DONE)
        ck_assert_msg(mi_run_step(run, &p, &err) == MI_OK, "%s", err.message);
    return run;
}

/* PMIs of pairs of rows of the data by a model: features of all rows, then pairs of them. */
static void score(mi_model *model, const bench *b, const uint32_t *rows, uint32_t n, double *pmi)
{
    const size_t width = mi_model_width(model);
    float *fx = malloc(ROWS * width * sizeof *fx), *fy = malloc(ROWS * width * sizeof *fy);
    const mi_matrix x = {.data = b->x, .rows = ROWS, .cols = DIM_X, .categorical = b->mx.categorical},
                    y = {.data = b->my.data,
                         .rows = ROWS,
                         .cols = b->my.cols,
                         .categorical = b->my.categorical};
    uint32_t *ix = malloc(n * sizeof *ix), *iy = malloc(n * sizeof *iy);
    ck_assert_int_eq(mi_model_features(model, 0, x, NULL, ROWS, fx, NULL), MI_OK);
    ck_assert_int_eq(mi_model_features(model, 1, y, NULL, ROWS, fy, NULL), MI_OK);
    for (uint32_t i = 0; i < n; i++) {
        ix[i] = b->index[0][rows[i]];
        iy[i] = b->index[1][rows[i]];
    }
    mi_model_pmi(model, fx, ix, fy, iy, n, pmi);
    /* one pair at a time, from rows of its own, the same */
    float *one = malloc(2 * width * sizeof *one);
    for (uint32_t i = 0; i < n; i += 37) {
        double again = 0.0;
        ck_assert_int_eq(mi_model_features(model, 0, x, &ix[i], 1, one, NULL), MI_OK);
        ck_assert_int_eq(mi_model_features(model, 1, y, &iy[i], 1, one + width, NULL), MI_OK);
        mi_model_pmi(model, one, NULL, one + width, NULL, 1, &again);
        ck_assert_double_eq_tol(again, pmi[i], 2e-6 * fmax(1.0, fabs(pmi[i])));
    }
    free(one);
    free(fx);
    free(fy);
    free(ix);
    free(iy);
}

static uint64_t planned_bytes(const bench *b)
{
    mi_plan plan;
    uint64_t width[2];
    mi_error err = {0};
    ck_assert_int_eq(mi_matrix_width(b->mx, &width[0], &err), MI_OK);
    ck_assert_int_eq(mi_matrix_width(b->my, &width[1], &err), MI_OK);
    ck_assert_msg(mi_plan_pairs(&plan, &b->spec, b->mx, b->my, width, &err) == MI_OK, "%s", err.message);
    return plan.member_bytes;
}

static mi_model *model_of(const bench *b, int symmetric, mi_run *const *runs, uint32_t n, void **memory)
{
    static mi_tensor tensors[3][MI_MEMBER_TENSORS];
    mi_member_tensors members[3];
    mi_model *model = NULL;
    mi_error err = {0};
    for (uint32_t i = 0; i < n; i++) {
        mi_tensor views[MI_MEMBER_TENSORS];
        const uint32_t n_views = mi_run_tensors(runs[i], views);
        ck_assert_uint_gt(n_views, 0);
        const size_t size = mi_tensors_pack(views, n_views, NULL, 0);
        ck_assert_uint_le(size, planned_bytes(b));
        ck_assert_uint_le(planned_bytes(b), 2 * size + 16384);
        memory[i] = malloc(size);
        ck_assert_uint_eq(mi_tensors_pack(views, n_views, memory[i], size), size);
        members[i].tensors = tensors[i];
        ck_assert_int_eq(mi_tensors_unpack(tensors[i], &members[i].n, memory[i], size, &err), MI_OK);
        ck_assert_uint_eq(members[i].n, n_views);
    }
    ck_assert_msg(mi_model_new(&model, &b->spec, members, n, symmetric, &err) == MI_OK, "%s", err.message);
    ck_assert_uint_eq(mi_model_columns(model, 0), DIM_X);
    ck_assert_uint_eq(mi_model_columns(model, 1), b->my.cols);
    return model;
}

static const mi_tensor *find(const mi_tensor *tensors, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(tensors[i].name, name) == 0)
            return &tensors[i];
    return NULL;
}

/* A run that estimates by codes scores a pair among the others that it held out, a model beside all of them:
 * what they share are the codes of the held-out rows. */
static void check_codes(const bench *b, mi_model *model, const mi_run *run, const mi_run_result *result)
{
    const size_t width = mi_model_width(model);
    const mi_matrix data[2] = {b->mx, b->my};
    mi_tensor views[MI_MEMBER_TENSORS];
    const uint32_t n_views = mi_run_tensors(run, views);
    float *features = malloc(result->n_test * width * sizeof *features);
    for (int side = 0; side < 2; side++) {
        const mi_tensor *codes = find(views, n_views, side ? "y.codes" : "x.codes");
        ck_assert_ptr_nonnull(codes);
        ck_assert_int_eq(
            mi_model_features(model, side, data[side], result->test_row, result->n_test, features, NULL),
            MI_OK);
        for (uint64_t i = 0; i < result->n_test; i++)
            for (uint64_t c = 0; c < codes->shape[1]; c++) {
                const double want = (double)((const float *)codes->data)[i * codes->shape[1] + c];
                ck_assert_double_eq_tol((double)features[i * width + c], want, 1e-5 * fmax(1.0, fabs(want)));
            }
    }
    free(features);
}

/* One member scores the pairs that its run held out as the run did; the mean of three is that of the three.
 */
static void check_model(const bench *b, int expect_dot)
{
    mi_run *runs[3];
    void *memory[3];
    double one[3][N], mean[N];
    uint32_t all[N];
    for (uint32_t i = 0; i < N; i++)
        all[i] = i;
    for (uint32_t fold = 0; fold < 3; fold++) {
        runs[fold] = run_done(b, fold);
        mi_run_result *result = NULL;
        mi_model *model = model_of(b, b->mx.mirrored, &runs[fold], 1, memory);
        ck_assert_int_eq(mi_model_is_dot(model), expect_dot);
        score(model, b, all, N, one[fold]);
        ck_assert_int_eq(mi_run_finish(runs[fold], &result, NULL), MI_OK);
        ck_assert_uint_gt(result->n_test, 0);
        const int latent = b->spec.objective.entry->method == MI_METHOD_LATENT;
        if (latent)
            check_codes(b, model, runs[fold], result);
        for (uint32_t i = 0; i < result->n_test && !latent; i++)
            ck_assert_msg(fabs(result->pmi[i] - one[fold][result->test_row[i]]) <
                              1e-4 * fmax(1.0, fabs(result->pmi[i])),
                          "%s: %.9g, expected %.9g", b->spec.objective.entry->name,
                          one[fold][result->test_row[i]], result->pmi[i]);
        mi_run_result_free(result);
        mi_model_free(model);
        free(memory[0]);
    }
    mi_model *model = model_of(b, b->mx.mirrored, runs, 3, memory);
    score(model, b, all, N, mean);
    for (uint32_t i = 0; i < N; i++) {
        const double want = (one[0][i] + one[1][i] + one[2][i]) / 3.0;
        ck_assert_double_eq_tol(mean[i], want, 1e-4 * fmax(1.0, fabs(want)));
    }
    mi_model_free(model);
    for (int i = 0; i < 3; i++) {
        mi_run_free(runs[i]);
        free(memory[i]);
    }
}

START_TEST(test_every_critic_scores_as_its_run)
{
    static const mi_critic_type types[] = {MI_CRITIC_SEPARABLE, MI_CRITIC_COSINE, MI_CRITIC_BILINEAR,
                                           MI_CRITIC_JOINT};
    for (int t = 0; t < 4; t++)
        for (int paper = 0; paper < 2; paper++) {
            bench *b = bench_new("infonce-anchor");
            b->spec.critic.type = types[t];
            if (paper) {
                b->spec.prepare.transform = MI_TRANSFORM_ZSCORE;
                b->spec.critic.baseline = MI_BASELINE_NONE;
            } else {
                b->spec.prepare.pca = 4;
            }
            check_model(b, types[t] != MI_CRITIC_JOINT);
            free(b);
        }
}
END_TEST

START_TEST(test_every_objective_with_a_pmi_scores_as_its_run)
{
    for (size_t i = 0; mi_objective_at(i); i++) {
        bench *b = bench_new(mi_objective_at(i)->name);
        if (mi_spec_has_model(&b->spec)) {
            const int latent = b->spec.objective.entry->method == MI_METHOD_LATENT;
            b->spec.objective.params.code_steps = 20;
            check_model(b, !latent && mi_objective_is_shift(&b->spec.objective));
        } else {
            mi_run *run = run_done(b, 0);
            mi_tensor views[MI_MEMBER_TENSORS];
            ck_assert_uint_eq(mi_run_tensors(run, views), 0);
            ck_assert_uint_eq(planned_bytes(b), 0);
            mi_run_free(run);
        }
        free(b);
    }
}
END_TEST

START_TEST(test_categorical_columns_and_native_outputs)
{
    static const uint8_t flags[DIM_X] = {0, 1};
    bench *b = bench_new("infonce-anchor");
    for (int i = 0; i < ROWS; i++)
        b->x[i * DIM_X + 1] = (float)(i % 4);
    b->mx.categorical = flags;
    check_model(b, 1);
    free(b);
    b = bench_new("drf");
    b->spec.objective.params.output = MI_OUTPUT_NATIVE;
    b->spec.critic.baseline = MI_BASELINE_NONE;
    check_model(b, 0);
    free(b);
}
END_TEST

/* The same rows on both sides, and each pair in both orders. */
static void mirror_pairs(bench *b)
{
    for (uint32_t i = 0; i < N / 2; i++) {
        b->index[0][N / 2 + i] = b->index[1][i];
        b->index[1][N / 2 + i] = b->index[0][i];
    }
    b->my = b->mx;
    b->my.index = b->my.entity = b->index[1];
    b->mx.mirrored = b->my.mirrored = 1;
}

/* The PMI of a pair is that of its mirror, and the mean of what the members make of each order. */
static void check_orders(const bench *b)
{
    mi_run *runs[3];
    void *memory[3], *again[3];
    double both[N], one[N];
    uint32_t all[N];
    for (uint32_t i = 0; i < N; i++)
        all[i] = i;
    for (uint32_t fold = 0; fold < 3; fold++)
        runs[fold] = run_done(b, fold);
    mi_model *symmetric = model_of(b, 1, runs, 3, memory), *model = model_of(b, 0, runs, 3, again);
    ck_assert_uint_eq(mi_model_width(symmetric), 2 * mi_model_width(model));
    score(symmetric, b, all, N, both);
    score(model, b, all, N, one);
    double apart = 0.0;
    for (uint32_t i = 0; i < N / 2; i++) {
        const double want = 0.5 * (one[i] + one[N / 2 + i]), tolerance = 1e-4 * fmax(1.0, fabs(want));
        ck_assert_double_eq_tol(both[i], want, tolerance);
        ck_assert_double_eq_tol(both[N / 2 + i], both[i], tolerance);
        apart = fmax(apart, fabs(one[i] - one[N / 2 + i]));
    }
    ck_assert_double_gt(apart, 0.01); /* or there was nothing to average */
    mi_model_free(symmetric);
    mi_model_free(model);
    for (int i = 0; i < 3; i++) {
        mi_run_free(runs[i]);
        free(memory[i]);
        free(again[i]);
    }
}

START_TEST(test_pairs_without_an_order_have_one_pmi)
{
    static const char *const objectives[] = {"infonce-anchor", "drf", "lmi"};
    for (int k = 0; k < 3; k++)
        for (int joint = 0; joint < (k == 0 ? 2 : 1); joint++) {
            bench *b = bench_new(objectives[k]);
            mirror_pairs(b);
            b->spec.objective.params.code_steps = 20;
            b->spec.critic.type = joint ? MI_CRITIC_JOINT : MI_CRITIC_SEPARABLE;
            if (k == 1) {
                b->spec.objective.params.output = MI_OUTPUT_NATIVE;
                b->spec.critic.baseline = MI_BASELINE_NONE;
            }
            check_model(b, k == 0 && !joint);
            check_orders(b);
            free(b);
        }
}
END_TEST

START_TEST(test_pairs_without_an_order_need_the_same_columns)
{
    bench *b = bench_new("infonce-anchor");
    mi_run *run = run_done(b, 0);
    mi_tensor views[MI_MEMBER_TENSORS];
    const mi_member_tensors member = {views, mi_run_tensors(run, views)};
    mi_model *model = NULL;
    ck_assert_int_eq(mi_model_new(&model, &b->spec, &member, 1, 1, NULL), MI_CORRUPT);
    ck_assert_ptr_null(model);
    mi_run_free(run);
    free(b);
}
END_TEST

START_TEST(test_what_is_wrong_with_tensors_is_said)
{
    bench *b = bench_new("infonce-anchor");
    b->spec.prepare.pca = 3;
    mi_run *run = run_done(b, 0);
    mi_tensor views[MI_MEMBER_TENSORS];
    mi_model *model = NULL;
    mi_error err = {0};
    const uint32_t n = mi_run_tensors(run, views);
    mi_tensor again[MI_MEMBER_TENSORS];
    for (uint32_t i = 0; i < n; i++) {
        mi_member_tensors member = {again, n};
        memcpy(again, views, sizeof again);
        again[i].shape[0]++; /* one more than there is */
        ck_assert_int_eq(mi_model_new(&model, &b->spec, &member, 1, 0, &err), MI_CORRUPT);
        memcpy(again, views, sizeof again);
        again[i].shape[1]++;
        if (!strstr(views[i].name, "quantiles")) /* as many as rows that it was fitted on */
            ck_assert_int_eq(mi_model_new(&model, &b->spec, &member, 1, 0, &err), MI_CORRUPT);
        mi_model_free(model);
        model = NULL;
        memcpy(again, views, sizeof again);
        again[i].dtype = again[i].dtype == MI_DTYPE_F32 ? MI_DTYPE_F64 : MI_DTYPE_F32;
        ck_assert_int_eq(mi_model_new(&model, &b->spec, &member, 1, 0, &err), MI_CORRUPT);
        memcpy(again, views, sizeof again);
        again[i] = again[n - 1];
        member.n = n - 1; /* absent */
        ck_assert_int_eq(mi_model_new(&model, &b->spec, &member, 1, 0, &err), MI_CORRUPT);
        ck_assert(model == NULL);
    }
    /* bytes */
    const size_t size = mi_tensors_pack(views, n, NULL, 0);
    unsigned char *bytes = malloc(size);
    uint32_t found = 0;
    mi_tensors_pack(views, n, bytes, size);
    for (size_t cut = 0; cut < size; cut += 8 * 97)
        ck_assert_int_eq(mi_tensors_unpack(again, &found, bytes, cut, NULL), MI_CORRUPT);
    for (size_t at = 0; at < size; at += 131) {
        bytes[at] ^= 4;
        ck_assert_int_eq(mi_tensors_unpack(again, &found, bytes, size, NULL), MI_CORRUPT);
        bytes[at] ^= 4;
    }
    free(bytes);
    mi_run_free(run);
    free(b);
}
END_TEST

int main(void)
{
    RUN_TESTS("model", test_every_critic_scores_as_its_run, test_every_objective_with_a_pmi_scores_as_its_run,
              test_categorical_columns_and_native_outputs, test_pairs_without_an_order_have_one_pmi,
              test_pairs_without_an_order_need_the_same_columns, test_what_is_wrong_with_tensors_is_said);
}
