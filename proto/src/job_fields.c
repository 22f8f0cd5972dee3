#include "job_fields.h"

#include "tags.h"

#include <stdio.h>
#include <string.h>

#define WORD(pointer_, kind_, help_) .pointer = pointer_, .kind = PROTO_FIELD_##kind_, .help = help_
#define FIELD(pointer_, kind_, member, help_) \
    WORD(pointer_, kind_, help_), .offset = offsetof(proto_job, member)
#define RANGE(min_, max_) .min = min_, .max = max_
#define NAMES(...)        ((const char *const[]){__VA_ARGS__, NULL})
#define CRITIC(type)      (1u << MI_CRITIC_##type)
#define OF(mode)          .modes = PROTO_MODE_##mode
#define NOT_FRESH         .modes = PROTO_MODE_ESTIMATE | PROTO_MODE_FINITE
#define MAX_EXACT         9007199254740992.0 /* 2^53 */
#define MAX_SUGGESTION    48                 /* longer names are not compared */

#define X(name, text) [PROTO_KIND_##name] = text,
static const char *const kind_names[] = {PROTO_JOB_KIND_MAP(X) NULL};
#undef X

/* clang-format off */
static const proto_field fields[] = {
    {FIELD("/kind", ENUM, kind,
           "what to do"), .names = kind_names, .later = NAMES("thresholds"), OF(ALL)},
    {FIELD("/x", INPUT, x,
           "one side of the pairs: {\"dataset\": name}, {\"data\": [[...]]} or {\"sha256\": content}; of a screen {\"dataset\", \"ids\"}, the model's own by default"),
     .modes = PROTO_MODE_ESTIMATE | PROTO_MODE_SCREEN},
    {FIELD("/y", INPUT, y, "the other side; without pairs, row i is paired with row i of x"),
     .modes = PROTO_MODE_ESTIMATE | PROTO_MODE_SCREEN},
    {FIELD("/pairs", PAIRS, pairs,
           "pairs of ids of x and y: {\"dataset\": name, \"x_id\", \"y_id\", \"label\": columns} or {\"data\": [[x, y], ...]}"),
     OF(ESTIMATE)},

    {FIELD("/model", MODEL, screen.model, "whose PMI is screened: a model's id or alias"), OF(SCREEN)},
    {FIELD("/top", U32, screen.top, "the best pairs of all that are kept"), RANGE(0, PROTO_SCREEN_TOP_MAX), OF(SCREEN)},
    {FIELD("/top_per_x", U32, screen.top_per_x, "the best y of each x that are kept"),
     RANGE(0, PROTO_SCREEN_LIST_MAX), OF(SCREEN)},
    {FIELD("/top_per_y", U32, screen.top_per_y, "the best x of each y that are kept"),
     RANGE(0, PROTO_SCREEN_LIST_MAX), OF(SCREEN)},
    {FIELD("/above", ABOVE, screen.above,
           "keep all pairs from a threshold on: {\"pmi\": nats}, {\"fpr\": share of the model's null} or {\"fdr\": expected share of false ones}"),
     OF(SCREEN)},
    {FIELD("/max_above", U32, screen.max_above, "pairs above the threshold; more fail the job"),
     RANGE(1, PROTO_SCREEN_ABOVE_MAX), OF(SCREEN)},
    {FIELD("/exclude_known", BOOL, screen.exclude_known, "leave out the pairs that the model was trained on"), OF(SCREEN)},
    {FIELD("/skip_same", BOOL, screen.skip_same, "leave out a row with itself, where x and y are one data set"), OF(SCREEN)},
    {FIELD("/symmetric", BOOL, screen.symmetric,
           "(a, b) and (b, a) are one pair, scored once; x and y are to be the same rows"), OF(SCREEN)},
    {FIELD("/histogram", BOOL, screen.histogram, "count the scores in bins"), OF(SCREEN)},

    {FIELD("/n", U32, benchmark.n_pairs, "pairs that a benchmark draws of each law, for a repetition"),
     RANGE(MI_MIN_ROWS, 1e9), OF(FINITE)},
    {FIELD("/fresh/levels_bits", LEVELS, benchmark.levels_bits,
           "a staircase of MI that the critic climbs: 2, 4, 6, 8, 10; none: each law as it is"),
     RANGE(0, 1000), OF(FRESH)},
    {FIELD("/fresh/steps", U32, benchmark.steps, "optimiser steps of a level, each on new pairs"),
     RANGE(1, 1e8), OF(FRESH)},
    {FIELD("/fresh/reset", BOOL, benchmark.reset, "begin each level with new weights"), OF(FRESH)},
    {FIELD("/fresh/sample", U32, benchmark.sample,
           "pairs of a level outside of training: a fifth is scored, others prepare and calibrate"),
     RANGE(MI_MIN_ROWS, 1e9), OF(FRESH)},
    {WORD("/laws", LAWS,
          "what a benchmark draws from: names, {\"name\", \"dim\", \"mi_nats\" or \"parameter\"}, {\"suite\", \"half\"}"),
     OF(BENCHMARK)},
    {FIELD("/repetitions", U32, benchmark.repetitions,
           "of each law and objective, with data and weights of their own"), RANGE(1, 1e6), OF(BENCHMARK)},
    {FIELD("/recipe", RECIPE, spec.recipe,
           "sets the defaults of all fields below"), .names = NAMES("default", "paper")},

    {FIELD("/prepare/transform", ENUM, spec.prepare.transform,
           "of each column, fitted on training rows"), .names = NAMES("rank-gaussian", "z-score", "none")},
    {FIELD("/prepare/pca", PCA, spec.prepare.pca,
           "principal components kept per side; 0: off, \"auto\": when columns are many for the rows"),
     RANGE(0, 65536)},
    {FIELD("/prepare/clip", DOUBLE, spec.prepare.clip,
           "z-scores are held within plus and minus this"), RANGE(0.5, 1e6)},

    {FIELD("/objective", OBJECTIVE, spec.objective, "what the critic is trained on")},
    {FIELD("/objectives", OBJECTIVES, objectives,
           "several, to be compared on the same folds and seeds: names, or objects like /objective")},

    {FIELD("/critic/type", ENUM, spec.critic.type,
           "separable: f(x).g(y); joint: one network over [x;y]; bilinear: x'Wy; cosine: cos(f(x), g(y))/temperature"),
     .names = NAMES("separable", "joint", "bilinear", "cosine")},
    {FIELD("/critic/hidden", HIDDEN, spec.critic.hidden, "widths of the hidden layers (not of bilinear)"),
     RANGE(1, 4096)},
    {FIELD("/critic/embed", U32, spec.critic.embed, "width of the embedding (separable, cosine)"), RANGE(1, 2048)},
    {FIELD("/critic/temperature", DOUBLE, spec.critic.temperature,
           "of a cosine critic, which lies within plus and minus 1/temperature"),
     RANGE(0.001, 100), .critics = CRITIC(COSINE)},
    {FIELD("/critic/learn_temperature", FLAG, spec.critic.learn_temperature,
           "train the temperature of a cosine critic as well, from the value given"), .critics = CRITIC(COSINE)},
    {FIELD("/critic/baseline", ENUM, spec.critic.baseline,
           "closed-form part of the critic"), .names = NAMES("none", "gaussian")},
    {FIELD("/critic/ridge", DOUBLE, spec.critic.ridge,
           "of the Gaussian baseline, added to unit variances"), RANGE(1e-9, 100)},
    {FIELD("/critic/spectral_ridge", DOUBLE, spec.critic.spectral_ridge,
           "the same for the first principal component, and as much more for others as their variance is less; 0: none"),
     RANGE(0, 100)},

    {FIELD("/train/batch", U32, spec.train.batch,
           "pairs in a minibatch; all batch x batch scores are used"), RANGE(4, 4096)},
    {FIELD("/train/max_steps", U32, spec.train.max_steps, "optimiser steps of a run, at most"), RANGE(1, UINT32_MAX), NOT_FRESH},
    {FIELD("/train/learning_rate", DOUBLE, spec.train.learning_rate, "of Adam"), RANGE(1e-9, 1)},
    {FIELD("/train/warmup_steps", U32, spec.train.warmup_steps,
           "steps in which the learning rate rises to its value"), RANGE(0, 1e6)},
    {FIELD("/train/ema", DOUBLE, spec.train.ema, "decay of the weight average; 0: none"), RANGE(0, 0.999999)},
    {FIELD("/train/gradient_clip", DOUBLE, spec.train.gradient_clip,
           "global norm of a gradient, at most; 0: no clipping"), RANGE(0, 1e6)},
    {FIELD("/train/weight_decay", DOUBLE, spec.train.weight_decay, "decoupled"), RANGE(0, 1)},
    {FIELD("/train/dropout", DOUBLE, spec.train.dropout,
           "share of the units of hidden layers that a step leaves out (separable, cosine)"),
     RANGE(0, 0.95), .critics = CRITIC(SEPARABLE) | CRITIC(COSINE)},
    {FIELD("/train/early_stopping", FLAG, spec.train.early_stopping,
           "false: train max_steps and keep the last weights")},
    {FIELD("/train/patience_steps", U32, spec.train.patience_steps,
           "stop after patience_steps + patience_fraction * best step without progress"), RANGE(1, 1e6), NOT_FRESH},
    {FIELD("/train/patience_fraction", DOUBLE, spec.train.patience_fraction, "see patience_steps"), RANGE(0, 100), NOT_FRESH},
    {FIELD("/train/evaluate_every", U32, spec.train.evaluate_every,
           "steps between evaluations, at least"), RANGE(1, 1e6), NOT_FRESH},
    {FIELD("/train/evaluate_fraction", DOUBLE, spec.train.evaluate_fraction,
           "steps between evaluations as a share of the steps done"), RANGE(0, 10), NOT_FRESH},
    {FIELD("/train/precision", ENUM, spec.train.precision,
           "of the products between hidden layers; weights and sums are in fp32"), .names = NAMES("fp32", "bf16")},

    {FIELD("/split/folds", U32, spec.split.folds, "parts of cross-fitting; 1: one 80/20 hold-out"), RANGE(1, 1000), NOT_FRESH},
    {FIELD("/split/by", ENUM, spec.split.by,
           "what a fold holds out: pairs, all pairs of an x or of a y, or pairs of which no id occurs in training; all but pair need pairs"),
     .names = NAMES("pair", "x", "y", "entity"), NOT_FRESH},
    {FIELD("/split/validation", DOUBLE, spec.split.validation,
           "share of a fold's training part that serves early stopping and calibration"), RANGE(0.01, 0.5)},
    {FIELD("/split/validation_max", U32, spec.split.validation_max, "rows of that share, at most"), RANGE(4, 16384)},

    {FIELD("/calibrate", FLAG, spec.calibrate, "fit the log-scale of the ratio on validation pairs")},
    {FIELD("/debias", ENUM, spec.debias,
           "optimism: MI is the mean of its held-out and its training value; needs early stopping"),
     .names = NAMES("none", "optimism"), NOT_FRESH},
    {FIELD("/replicates", U32, spec.replicates,
           "repetitions with other folds and weights, averaged"), RANGE(1, 1000), OF(ESTIMATE)},
    {FIELD("/permutations", U32, spec.permutations,
           "permutations of the test pairs for a p value; 0: no test"), RANGE(0, 1e6), OF(ESTIMATE)},
    {FIELD("/null_pairs", U32, spec.null_pairs, "mismatched pairs that are scored"), RANGE(1, 1e7)},
    {FIELD("/seed", SEED, spec.seed,
           "of all randomness: a string of digits, or a number up to 2^53"), RANGE(0, MAX_EXACT)},

    {FIELD("/outputs/pmi", BOOL, want_pmi, "keep the PMI of each pair; the default where the objective has one"), OF(ESTIMATE)},
    {FIELD("/outputs/model", BOOL, want_model, "keep the trained critics as a model that scores new pairs"), OF(ESTIMATE)},
    {FIELD("/outputs/curve", BOOL, want_curve, "keep the training curves")},

    {FIELD("/priority", INT, priority, "higher goes first"), RANGE(0, 9), OF(ALL)},
    {FIELD("/timeout_s", U32, timeout_s, "running longer than this fails the job"), RANGE(1, 604800), OF(ALL)},
    {FIELD("/tags", TAGS, tags, "names and values of your own"), RANGE(0, PROTO_MAX_TAGS), OF(ALL)},
};
/* clang-format on */

#define N_FIELDS (sizeof fields / sizeof fields[0])

const proto_field *proto_field_at(size_t index)
{
    return index < N_FIELDS ? &fields[index] : NULL;
}

const proto_field *proto_field_find(const char *pointer)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (strcmp(fields[i].pointer, pointer) == 0)
            return &fields[i];
    return NULL;
}

bool proto_field_is_group(const char *pointer)
{
    size_t n = strlen(pointer);
    for (size_t i = 0; i < N_FIELDS; i++)
        if (strncmp(fields[i].pointer, pointer, n) == 0 && fields[i].pointer[n] == '/')
            return true;
    return false;
}

/* Levenshtein distance; SIZE_MAX for names too long to be a slip of the pen. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[MAX_SUGGESTION + 1], n = strlen(b);
    if (strlen(a) > MAX_SUGGESTION || n > MAX_SUGGESTION)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = row[j - 1] + 1, drop = row[j] + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
            if (drop < row[j])
                row[j] = drop;
        }
    }
    return row[n];
}

static bool close_enough(const char *found, size_t distance)
{
    return distance <= 1 + strlen(found) / 4;
}

const char *proto_name_nearest(const char *found, const char *const *names)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (; *names; names++) {
        size_t distance = edit_distance(found, *names);
        if (distance < best) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest && close_enough(found, best) ? nearest : NULL;
}

/* The best guess so far. */
typedef struct guess {
    const char *token; /* last one of the pointer that was found */
    size_t group;      /* bytes of it before that */
    const char *pointer;
    size_t distance;
    char *out;
    size_t size;
} guess;

/* A candidate is group + name, group ending in a slash. Siblings win over others of the same distance; the
 * very name in another group wins over all. */
static void consider(guess *g, const char *group, size_t n_group, const char *name)
{
    size_t distance = edit_distance(g->token, name);
    bool sibling = n_group == g->group && strncmp(group, g->pointer, n_group) == 0;
    if (!sibling && distance != SIZE_MAX && distance > 0)
        distance += 1;
    if (distance >= g->distance)
        return;
    g->distance = distance;
    snprintf(g->out, g->size, "%.*s%s", (int)n_group, group, name);
}

bool proto_field_nearest(const char *pointer, char *out, size_t size)
{
    static const char objective[] = "/objective/";
    const char *token = strrchr(pointer, '/') + 1;
    guess g = {token, (size_t)(token - pointer), pointer, SIZE_MAX, out, size};
    for (size_t i = 0; i < N_FIELDS; i++) {
        const char *name = strrchr(fields[i].pointer, '/') + 1;
        consider(&g, fields[i].pointer, (size_t)(name - fields[i].pointer), name);
    }
    const mi_objective *entry;
    for (size_t i = 0; proto_param_at(i, &entry); i++)
        consider(&g, objective, sizeof objective - 1, proto_param_at(i, &entry)->name);
    return g.distance != SIZE_MAX && close_enough(token, g.distance);
}

void proto_pointer_join(char *out, size_t size, const char *parent, const char *key)
{
    size_t n = strlen(parent) < size ? strlen(parent) : size - 1;
    memcpy(out, parent, n);
    if (n + 1 < size)
        out[n++] = '/';
    for (; *key && n + 2 < size; key++) {
        if (*key == '~' || *key == '/')
            out[n++] = '~';
        out[n++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
    }
    out[n] = '\0';
}

bool proto_field_fits_critic(const proto_field *field, const proto_job *job)
{
    return field->critics == 0 || (field->critics >> job->spec.critic.type & 1u) != 0;
}

proto_mode proto_mode_of(const proto_job *job)
{
    return job->kind == PROTO_KIND_SCREEN      ? PROTO_MODE_SCREEN
           : job->kind != PROTO_KIND_BENCHMARK ? PROTO_MODE_ESTIMATE
           : job->benchmark.fresh              ? PROTO_MODE_FRESH
                                               : PROTO_MODE_FINITE;
}

bool proto_field_fits_mode(const proto_field *field, const proto_job *job)
{
    return ((field->modes ? field->modes : PROTO_MODE_TRAINING) & proto_mode_of(job)) != 0;
}

bool proto_field_applies(const proto_field *field, const proto_job *job)
{
    if (!proto_field_fits_mode(field, job))
        return false;
    return field->kind == PROTO_FIELD_ABOVE        ? job->screen.above != PROTO_ABOVE_NONE
           : field->kind == PROTO_FIELD_OBJECTIVE  ? job->n_objectives == 0
           : field->kind == PROTO_FIELD_OBJECTIVES ? job->n_objectives > 0
                                                   : proto_field_fits_critic(field, job);
}

const char *proto_job_kind_name(proto_job_kind kind)
{
    return kind_names[kind];
}
