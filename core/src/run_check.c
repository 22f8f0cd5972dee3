#include "run_check.h"

#include "run_internal.h"
#include "split_groups.h"

#define MIN_TEST_ROWS       8u
#define MIN_VALIDATION_ROWS 5u
#define MIN_BATCH           4u

uint32_t mi_run_batch(const mi_spec *spec, const mi_split *split)
{
    return spec->train.batch < split->n_train ? spec->train.batch : split->n_train;
}

/* A setting that nothing would come of is refused, like one that this machine cannot follow. */
static mi_status check_precision(const mi_spec *spec, mi_error *err)
{
    if (spec->train.precision == MI_PRECISION_FP32)
        return MI_OK;
    if (!mi_half_kernels_best())
        return mi_fail_at(
            err, MI_UNSUPPORTED, "/train/precision",
            "bf16 needs a CPU with AVX512_BF16 instructions, which this one is not; expected fp32");
    if (spec->critic.type == MI_CRITIC_BILINEAR || spec->critic.n_hidden < 2)
        return mi_fail_at(
            err, MI_INVALID, "/train/precision",
            "bf16 is for the products between hidden layers, and this critic has none; expected "
            "fp32, or two or more of /critic/hidden");
    return MI_OK;
}

static mi_status check_dropout(const mi_spec *spec, mi_error *err)
{
    const mi_critic_type type = spec->critic.type;
    if (spec->train.dropout == 0.0)
        return MI_OK;
    if (!(spec->train.dropout > 0.0 && spec->train.dropout < 1.0))
        return mi_fail_at(err, MI_INVALID, "/train/dropout", "%g; expected 0 to less than 1",
                          spec->train.dropout);
    if (type != MI_CRITIC_SEPARABLE && type != MI_CRITIC_COSINE)
        return mi_fail_at(err, MI_INVALID, "/train/dropout",
                          "dropout is for the hidden layers of towers, which a separable or cosine critic "
                          "has; expected 0");
    return MI_OK;
}

static mi_status check_training(const mi_train_spec *spec, const mi_split *smallest, mi_error *err)
{
    if (spec->batch < MIN_BATCH)
        return mi_fail_at(err, MI_INVALID, "/train/batch", "%u; expected at least %u", spec->batch,
                          MIN_BATCH);
    if (smallest->n_validation < MIN_VALIDATION_ROWS)
        return mi_fail_at(err, MI_INVALID, "/split/validation",
                          "leaves %u validation pairs; expected at least %u", smallest->n_validation,
                          MIN_VALIDATION_ROWS);
    if (smallest->n_train < 2 * MIN_BATCH)
        return mi_fail_at(err, MI_INVALID, "/split/validation",
                          "leaves %u training pairs; expected at least %u", smallest->n_train, 2 * MIN_BATCH);
    return MI_OK;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of folds by group, the fewest pairs of each kind that the run, or any run, has. */
static mi_split smallest_split(const mi_spec *spec, const mi_split_pairs *pairs, const mi_runs_of *of)
{
    mi_split smallest;
    if (!mi_split_has_groups(&spec->split, pairs)) {
        mi_split_size(&smallest, spec, 0, 0, pairs);
        if (spec->split.folds > 1)
            smallest.n_test = pairs->n / spec->split.folds;
        return smallest;
    }
    const uint32_t folds = spec->split.folds, n_runs = of->one ? 1 : spec->replicates * folds;
    for (uint32_t r = 0; r < n_runs; r++) {
        mi_split *size = &of->size[r];
        mi_split_size(size, spec, of->one ? of->replicate : r / folds, of->one ? of->fold : r % folds, pairs);
        if (r == 0)
            smallest = *size;
        smallest.n_test = min_u32(smallest.n_test, size->n_test);
        smallest.n_validation = min_u32(smallest.n_validation, size->n_validation);
        smallest.n_train = min_u32(smallest.n_train, size->n_train);
        smallest.n_fit = min_u32(smallest.n_fit, size->n_fit);
    }
    return smallest;
}

static mi_status check_groups(const mi_spec *spec, const mi_split_pairs *pairs, mi_error *err)
{
    const uint64_t runs = (uint64_t)spec->replicates * spec->split.folds;
    if (!mi_split_has_groups(&spec->split, pairs))
        return spec->split.by == MI_SPLIT_PAIR
                   ? MI_OK
                   : mi_fail_at(
                         err, MI_INVALID, "/split/by",
                         "who occurs in which pair is known only where /pairs says it; expected \"pair\"");
    if (runs > MI_GROUPED_WORK / pairs->n)
        return mi_fail_at(
            err, MI_INVALID, spec->replicates > 1 ? "/replicates" : "/split/folds",
            "%llu runs of %u pairs; of folds by id at most %u pairs in all runs together are taken",
            (unsigned long long)runs, pairs->n, MI_GROUPED_WORK);
    return MI_OK;
}

mi_status mi_run_check(const mi_spec *asked, const mi_split_pairs *pairs, uint64_t n, const mi_runs_of *of,
                       mi_error *err)
{
    const mi_run_method *method = mi_run_method_of(asked);
    mi_spec settled = *asked, *spec = &settled;
    if (method->settle)
        method->settle(&settled);
    if (n < MI_MIN_ROWS)
        return mi_fail_at(err, MI_INVALID, "/x", "%llu pairs; expected at least %u", (unsigned long long)n,
                          MI_MIN_ROWS);
    if (n > UINT32_MAX / 2)
        return mi_fail_at(err, MI_LIMIT, "/x", "%llu pairs; expected at most %u", (unsigned long long)n,
                          UINT32_MAX / 2);
    if (spec->split.folds == 0 || spec->split.folds > 1000)
        return mi_fail_at(err, MI_INVALID, "/split/folds", "%u; expected 1 to 1000", spec->split.folds);
    if (spec->replicates == 0)
        return mi_fail_at(err, MI_INVALID, "/replicates", "0; expected at least 1");
    if (spec->permutations > 0 && !mi_spec_has_pmi(spec))
        return mi_fail_at(err, MI_INVALID, "/permutations",
                          "the test needs PMIs, and %s gives none; expected 0", spec->objective.entry->name);
    if (!mi_objective_is_shift(&spec->objective) && spec->critic.baseline != MI_BASELINE_NONE)
        return mi_fail_at(
            err, MI_INVALID, "/objective/output",
            "the native form of %s cannot start from a Gaussian baseline, which is a log ratio; "
            "expected \"log-ratio\", or no baseline",
            spec->objective.entry->name);
    if (method->fits_all_rows && spec->split.by != MI_SPLIT_PAIR)
        return mi_fail_at(err, MI_INVALID, "/split/by",
                          "%s takes its neighbours among all pairs and holds nobody out; expected \"pair\"",
                          spec->objective.entry->name);
    mi_status status = check_groups(spec, pairs, err);
    if (status != MI_OK)
        return status;
    const mi_split smallest = smallest_split(spec, pairs, of);
    if (smallest.n_test < MIN_TEST_ROWS)
        return mi_fail_at(err, MI_INVALID, "/split/folds",
                          "%u folds of %llu pairs hold out %u; expected at least %u in each (fewer folds "
                          "hold out more)",
                          spec->split.folds, (unsigned long long)n, smallest.n_test, MIN_TEST_ROWS);
    status = method->trains ? check_training(&spec->train, &smallest, err) : MI_OK;
    if (status == MI_OK && method == &mi_run_critic)
        status = check_precision(spec, err);
    if (status == MI_OK && method == &mi_run_critic)
        status = check_dropout(spec, err);
    if (status != MI_OK)
        return status;
    if ((status = mi_objective_check(&spec->objective, mi_run_batch(spec, &smallest), err)) != MI_OK)
        return status;
    return method->check ? method->check(spec, n, smallest.n_test, err) : MI_OK;
}
