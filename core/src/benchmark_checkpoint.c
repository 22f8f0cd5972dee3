/*
 * A cell's checkpoint: what is done, and nothing that the law draws again.
 *
 *     header | levels and curve (as a result) | results of the level's runs | carried state | run | checksum
 *
 * Little-endian, as this machine's. A level that is only being drawn has no run; a run that is only being
 * prepared has no checkpoint, and starts again.
 */
#include "benchmark_internal.h"
#include "checksum.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "checkpoints are written as they lie in memory");

#define MAGIC UINT64_C(0x314b5043424d21)

typedef struct header {
    uint64_t magic, fingerprint, n_bytes;
    uint32_t level, n_results;
    uint64_t done_bytes, carried_params;
    uint32_t carried_step, unused;
    double carried_log_partition;
    uint64_t run_bytes;
} header;

static uint64_t mix(uint64_t state, uint64_t value)
{
    return mi_checksum_mix(state ^ (value + UINT64_C(0x9e3779b97f4a7c15)));
}

static uint64_t mix_double(uint64_t state, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return mix(state, bits);
}

/* What has to be the same for a checkpoint to be of this cell. */
static uint64_t fingerprint(const mi_benchmark *cell)
{
    const mi_benchmark_shape *s = &cell->shape;
    const mi_train_spec *train = &cell->spec.estimator.train;
    uint64_t state = mi_checksum(s->law[0].law->name, strlen(s->law[0].law->name));
    for (uint32_t i = 0; i < s->n_levels; i++)
        state = mix_double(mix(state, s->law[i].dim), s->law[i].parameter);
    const char *objective = cell->spec.estimator.objective.entry->name;
    state = mix(state, mi_checksum(objective, strlen(objective)));
    const uint64_t words[] = {
        (uint64_t)cell->spec.kind,         s->n_levels,  s->n_runs,       s->n, s->seed, cell->spec.steps,
        (uint64_t)(cell->spec.reset != 0), train->batch, train->max_steps};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        state = mix(state, words[i]);
    return mix_double(mix_double(state, train->learning_rate), train->ema);
}

static uint32_t n_results(const mi_benchmark *cell)
{
    return cell->phase == MI_BENCHMARK_RUN || cell->phase == MI_BENCHMARK_COMBINE ? cell->run_index : 0;
}

static header describe(mi_benchmark *cell)
{
    header h;
    memset(&h, 0, sizeof h);
    const mi_benchmark_result view = mi_benchmark_view(cell);
    h.magic = MAGIC;
    h.fingerprint = fingerprint(cell);
    h.level = cell->level;
    h.n_results = n_results(cell);
    h.done_bytes = mi_benchmark_result_pack(&view, NULL, 0);
    h.carried_params = cell->carry.state ? cell->carry.n_params : 0;
    h.carried_step = cell->carry.step;
    h.carried_log_partition = cell->carry.log_partition;
    h.run_bytes = cell->run ? mi_run_checkpoint(cell->run, NULL, 0) : 0;
    h.n_bytes =
        sizeof h + h.done_bytes + 4 * h.carried_params * sizeof(float) + h.run_bytes + sizeof(uint64_t);
    for (uint32_t r = 0; r < h.n_results; r++)
        h.n_bytes += sizeof(uint64_t) + mi_run_result_pack(cell->results[r], NULL, 0);
    return h;
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t n)
{
    if (n)
        memcpy(at, bytes, n);
    return at + n;
}

size_t mi_benchmark_checkpoint(mi_benchmark *cell, void *buffer, size_t capacity)
{
    const header h = describe(cell);
    if (!buffer || capacity < h.n_bytes)
        return h.n_bytes;
    const mi_benchmark_result view = mi_benchmark_view(cell);
    unsigned char *at = put(buffer, &h, sizeof h);
    at += mi_benchmark_result_pack(&view, at, h.done_bytes);
    for (uint32_t r = 0; r < h.n_results; r++) {
        const uint64_t n = mi_run_result_pack(cell->results[r], NULL, 0);
        at = put(at, &n, sizeof n);
        at += mi_run_result_pack(cell->results[r], at, n);
    }
    at = put(at, cell->carry.state, 4 * h.carried_params * sizeof(float));
    if (h.run_bytes)
        at += mi_run_checkpoint(cell->run, at, h.run_bytes);
    const uint64_t sum = mi_checksum(buffer, h.n_bytes - sizeof sum);
    put(at, &sum, sizeof sum);
    return h.n_bytes;
}

/* Reads forward. */
typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

static const unsigned char *take(reader *in, uint64_t n)
{
    const unsigned char *at = in->at;
    if (n > in->left)
        return NULL;
    in->at += n;
    in->left -= n;
    return at;
}

static int read_done(mi_benchmark *cell, reader *in, const header *h)
{
    mi_benchmark_result *done = NULL;
    const unsigned char *bytes = take(in, h->done_bytes);
    if (!bytes || mi_benchmark_result_unpack(&done, bytes, h->done_bytes, NULL) != MI_OK)
        return 0;
    const int fits = done->n_levels == h->level && h->level <= cell->shape.n_levels;
    if (fits) {
        memcpy(cell->levels, done->levels, done->n_levels * sizeof *done->levels);
        memcpy(cell->curve, done->curve, done->n_curve * sizeof *done->curve);
        cell->n_curve = done->n_curve;
    }
    mi_benchmark_result_free(done);
    return fits;
}

static int read_results(mi_benchmark *cell, reader *in, const header *h)
{
    for (uint32_t r = 0; r < h->n_results; r++) {
        uint64_t n = 0;
        const unsigned char *size = take(in, sizeof n);
        if (size)
            memcpy(&n, size, sizeof n);
        const unsigned char *bytes = size ? take(in, n) : NULL;
        if (!bytes || mi_run_result_unpack(&cell->results[r], bytes, n, NULL) != MI_OK)
            return 0;
    }
    return 1;
}

static int read_carry(mi_benchmark *cell, reader *in, const header *h)
{
    if (h->carried_params == 0)
        return 1;
    if (h->carried_params > in->left / (4 * sizeof(float)))
        return 0;
    const size_t n = 4 * h->carried_params * sizeof(float);
    const unsigned char *bytes = take(in, n);
    cell->carry = (mi_benchmark_carry){.state = malloc(n),
                                       .n_params = h->carried_params,
                                       .step = h->carried_step,
                                       .log_partition = h->carried_log_partition};
    if (!bytes || !cell->carry.state)
        return 0;
    memcpy(cell->carry.state, bytes, n);
    return 1;
}

static int read_header(const mi_benchmark *cell, const void *bytes, size_t n_bytes, header *h)
{
    uint64_t sum = 0;
    if (n_bytes < sizeof *h + sizeof sum)
        return 0;
    memcpy(h, bytes, sizeof *h);
    memcpy(&sum, (const unsigned char *)bytes + n_bytes - sizeof sum, sizeof sum);
    return h->magic == MAGIC && h->n_bytes == n_bytes && sum == mi_checksum(bytes, n_bytes - sizeof sum) &&
           h->fingerprint == fingerprint(cell) && h->level <= cell->shape.n_levels &&
           h->n_results <= cell->shape.n_runs;
}

/* From here on the cell is where the checkpoint was taken. */
static int take_up(mi_benchmark *cell, reader *in, const header *h, mi_error *err)
{
    cell->level = h->level;
    if (h->level == cell->shape.n_levels) {
        cell->phase = MI_BENCHMARK_DONE;
        return 1;
    }
    cell->estimator = mi_benchmark_estimator(&cell->spec, &cell->shape, h->level);
    mi_rng_init(&cell->stream, cell->shape.seed, h->level, 0, MI_PURPOSE_LAW, 0);
    if (h->n_results == 0 && h->run_bytes == 0)
        return 1; /* still to be drawn */
    mi_benchmark_draw_all(cell);
    cell->run_index = h->n_results;
    cell->phase = h->n_results == cell->shape.n_runs ? MI_BENCHMARK_COMBINE : MI_BENCHMARK_RUN;
    if (h->run_bytes == 0)
        return 1;
    const unsigned char *run = take(in, h->run_bytes);
    if (!run || mi_benchmark_open_run(cell, err) != MI_OK ||
        mi_run_restore(cell->run, run, h->run_bytes, err) != MI_OK)
        return 0;
    cell->inside.phase = MI_PHASE_TRAIN;
    return 1;
}

mi_status mi_benchmark_restore(mi_benchmark *cell, const void *bytes, size_t n_bytes, mi_error *err)
{
    header h;
    const int is_new = cell->phase == MI_BENCHMARK_DRAW && cell->level == 0 && cell->drawn == 0;
    if (!is_new || !read_header(cell, bytes, n_bytes, &h))
        return mi_fail(err, MI_CORRUPT, "the checkpoint is damaged or of another cell");
    reader in = {(const unsigned char *)bytes + sizeof h, n_bytes - sizeof h - sizeof(uint64_t)};
    if (read_done(cell, &in, &h) && read_results(cell, &in, &h) && read_carry(cell, &in, &h) &&
        take_up(cell, &in, &h, err))
        return MI_OK;
    mi_benchmark_clear(cell);
    return mi_fail(err, MI_CORRUPT, "the checkpoint is damaged or of another cell");
}
