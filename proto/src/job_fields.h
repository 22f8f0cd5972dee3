/*
 * The table of a job's fields. Decoding, encoding the resolved spec, the "did you mean" of unknown fields and
 * the description in /v1/info all walk it, in its order: a field stands behind the one that sets its default
 * (recipe). What lies below /objective is not here: each entry of core's table of objectives declares its
 * own parameters (job_objective.c).
 */
#ifndef PROTO_JOB_FIELDS_H
#define PROTO_JOB_FIELDS_H

#include "proto/job.h"

typedef enum proto_field_kind {
    PROTO_FIELD_INPUT, /* x, y */
    PROTO_FIELD_PAIRS,
    PROTO_FIELD_RECIPE,
    PROTO_FIELD_OBJECTIVE,  /* an entry of the objective table with its parameters */
    PROTO_FIELD_OBJECTIVES, /* several */
    PROTO_FIELD_ENUM,       /* int-sized enum; names[] in its order */
    PROTO_FIELD_U32,
    PROTO_FIELD_INT,
    PROTO_FIELD_DOUBLE,
    PROTO_FIELD_FLAG, /* boolean in an int */
    PROTO_FIELD_BOOL,
    PROTO_FIELD_PCA,    /* "auto" or a count */
    PROTO_FIELD_HIDDEN, /* widths of layers */
    PROTO_FIELD_SEED,   /* u64, a string on the wire */
    PROTO_FIELD_TAGS,
    PROTO_FIELD_LAWS,   /* of a benchmark */
    PROTO_FIELD_LEVELS, /* of MI, bits */
    PROTO_FIELD_MODEL,  /* of a screen */
    PROTO_FIELD_ABOVE,
} proto_field_kind;

/* What a job is about, as far as fields differ in whether they mean something for it. */
typedef enum proto_mode {
    PROTO_MODE_ESTIMATE = 1, /* of x and y */
    PROTO_MODE_FINITE = 2,   /* a benchmark on samples of n pairs */
    PROTO_MODE_FRESH = 4,    /* one on new pairs at every step */
    PROTO_MODE_SCREEN = 8,
    PROTO_MODE_BENCHMARK = PROTO_MODE_FINITE | PROTO_MODE_FRESH,
    PROTO_MODE_TRAINING = PROTO_MODE_ESTIMATE | PROTO_MODE_BENCHMARK,
    PROTO_MODE_ALL = PROTO_MODE_TRAINING | PROTO_MODE_SCREEN
} proto_mode;

typedef struct proto_field {
    const char *pointer; /* "/train/batch": one or two tokens */
    const char *help;
    proto_field_kind kind;
    size_t offset; /* in proto_job */
    double min, max;
    const char *const *names; /* of values, NULL-terminated */
    const char *const *later; /* values that are known but not available yet, or NULL */
    unsigned critics;         /* bits of the mi_critic_type that the field means something for; 0: of all */
    unsigned modes;           /* the same of proto_mode; 0: PROTO_MODE_TRAINING */
} proto_field;

/* Field `index`, NULL past the end. */
const proto_field *proto_field_at(size_t index);
const proto_field *proto_field_find(const char *pointer);
/* "/train": whether fields lie below it. */
bool proto_field_is_group(const char *pointer);
/* The pointer of the known field that was most likely meant by the unknown one; false: none is near. */
bool proto_field_nearest(const char *pointer, char *out, size_t size);
/* The same for a value among names. */
const char *proto_name_nearest(const char *found, const char *const *names);

/* parent + "/" + key, escaped as RFC 6901 says, cut to size. */
void proto_pointer_join(char *out, size_t size, const char *parent, const char *key);

proto_mode proto_mode_of(const proto_job *job);
/* Whether the field means something for the job's critic, and in its mode; others are neither accepted nor
 * shown. */
bool proto_field_fits_critic(const proto_field *field, const proto_job *job);
bool proto_field_fits_mode(const proto_field *field, const proto_job *job);
/* The same for all that the job says. */
bool proto_field_applies(const proto_field *field, const proto_job *job);

/* job_input.c: x and y. matrix: what was lifted from "<pointer>/data". Takes matrix->data. */
void proto_input_decode(proto_input *input, const proto_node *node, const char *pointer,
                        proto_json_matrix *matrix, const proto_limits *limits, proto_problem *problem);
void proto_input_encode(const proto_input *input, const char *key, proto_json_writer *w);
/* input_categorical.c: its member "categorical". */
void proto_input_decode_categorical(proto_input *input, const proto_node *node, const char *pointer,
                                    const proto_limits *limits, proto_problem *problem);
void proto_input_encode_categorical(const proto_input *input, proto_json_writer *w);

/* Stored content is named by 64 lower-case hexadecimal digits, its extents by positive whole numbers. */
bool proto_sha256_decode(char out[PROTO_SHA_HEX], const proto_node *node);
bool proto_extent_decode(uint64_t *out, const proto_node *node);
#define PROTO_SHA256_EXPECTED "64 lower-case hexadecimal digits"
#define PROTO_EXTENT_EXPECTED "a positive whole number"

/* job_objective.c: `objective` and `objectives`, behind everything that they depend on (recipe, train/batch).
 */
void proto_objectives_decode(proto_job *job, const proto_node *root, proto_problem *problem);
/* Declared parameter of any entry by its name; NULL: there is none. */
const mi_param_info *proto_param_find(const mi_objective *objective, const char *name);
/* Parameter `index` of all entries together, each name with another meaning or range once; NULL past the end.
 * *first: the entry that declares it first. */
const mi_param_info *proto_param_at(size_t index, const mi_objective **first);
/* Whether two declarations say the same. */
bool proto_param_same(const mi_param_info *a, const mi_param_info *b);
/* A parameter's value as people see it. */
double proto_param_shown(const mi_objective_spec *objective, const mi_param_info *param, uint32_t batch);
void proto_objective_encode(const mi_objective_spec *objective, uint32_t batch, const char *key,
                            proto_json_writer *w);
/* One entry, for /v1/info. */
void proto_objective_describe(const mi_objective *objective, const char *key, proto_json_writer *w);
/* Its "type", "values" or "minimum" and "maximum", and "default", into the object that is open. */
void proto_param_describe(const mi_param_info *param, proto_json_writer *w);

/* job_laws.c: `laws` and the levels of `fresh`. */
void proto_benchmark_defaults(proto_benchmark *benchmark);
/* Behind kind, fresh/levels_bits. */
void proto_laws_decode(proto_job *job, const proto_node *node, const char *pointer, proto_problem *problem);
void proto_levels_decode(proto_job *job, const proto_node *node, const char *pointer, proto_problem *problem);
void proto_laws_encode(const proto_benchmark *benchmark, const char *key, proto_json_writer *w);
void proto_levels_encode(const proto_benchmark *benchmark, const char *key, proto_json_writer *w);
/* What several fields of a benchmark have to be together. */
void proto_benchmark_check(proto_job *job, const proto_node *root, const proto_limits *limits,
                           proto_problem *problem);
/* "laws" and "suites" of /v1/info. */
void proto_laws_describe(proto_json_writer *w);

/* job_screen.c: what a screen has. */
void proto_screen_defaults(proto_screen *screen);
void proto_screen_fini(proto_screen *screen);
void proto_screen_model_decode(proto_screen *screen, const proto_node *node, const char *pointer,
                               proto_problem *problem);
void proto_screen_above_decode(proto_screen *screen, const proto_node *node, const char *pointer,
                               proto_problem *problem);
void proto_screen_above_encode(const proto_screen *screen, const char *key, proto_json_writer *w);
/* x and y, behind everything else, and what several fields have to be together. */
void proto_screen_sides_decode(proto_job *job, const proto_node *root, proto_problem *problem);
void proto_screen_side_encode(const proto_job *job, const proto_input *side, const char *key,
                              proto_json_writer *w);
void proto_screen_check(const proto_job *job, proto_problem *problem);

/* job_values.c: one field, in and out. */
void proto_field_decode(const proto_field *field, proto_job *job, const proto_node *node, const char *pointer,
                        proto_problem *problem);
void proto_field_encode(const proto_field *field, const proto_job *job, const char *key,
                        proto_json_writer *w);
/* A seed: decimal digits below 2^64 in a string, or a whole number that a double holds exactly. */
#define PROTO_SEED_EXPECTED   "a string of decimal digits below 2^64, such as \"42\""
#define PROTO_SEED_NUMBER_MAX 9007199254740992.0
bool proto_seed_decode(const proto_node *node, uint64_t *out);
/* "a string (\"x\")", "null", "17": for messages. buffer: 64 bytes; returns it. */
const char *proto_node_describe(const proto_node *node, char *buffer);
/* "expected `what`, found the node", at the pointer or, unless NULL, its member. */
void proto_problem_expected(proto_problem *problem, const char *pointer, const char *member,
                            const proto_node *node, const char *what);
/* The name of a data set at pointer/member (NULL: at pointer). */
void proto_dataset_name_decode(char out[PROTO_NAME_MAX + 1], const proto_node *node, const char *pointer,
                               const char *member, proto_problem *problem);
/* {"dataset": name}; what: such an object, and what may stand in its place. */
void proto_dataset_only_decode(char out[PROTO_NAME_MAX + 1], const proto_node *node, const char *pointer,
                               const char *what, proto_problem *problem);

#endif
