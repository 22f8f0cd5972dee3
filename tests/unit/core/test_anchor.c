/*
 * The passes of the anchor loss on every machine that this one can be: all against plain C, and those with
 * fused products against each other. That they are right is for test_objective.
 */
#include "anchor_lines.h"
#include "objective_entries.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = 130 };

static const size_t batches[] = {2, 3, 15, 16, 17, 33, 64, MOST};

typedef struct outcome {
    double loss, alone;
    float grad[MOST * MOST];
} outcome;

static void evaluate(outcome *out, const char *machine, const float *scores, size_t batch,
                     mi_directions directions)
{
    const mi_objective_params params = {.nu = 3, .directions = directions};
    const mi_anchor_passes *passes = mi_anchor_passes_find(machine);
    void *scratch = aligned_alloc(64, (mi_anchor_scratch_bytes(batch) + 63) / 64 * 64);
    void *little = aligned_alloc(64, (mi_anchor_loss_scratch_bytes(batch) + 63) / 64 * 64);
    mi_anchor_contrast(passes, scores, batch, &params, out->grad, &out->loss, scratch);
    mi_anchor_contrast(passes, scores, batch, &params, NULL, &out->alone, little);
    free(scratch);
    free(little);
}

static void fill(float *scores, size_t batch, float spread, uint32_t stream)
{
    fill_normal(scores, batch * batch, stream);
    for (size_t i = 0; i < batch * batch; i++)
        scores[i] *= spread;
    for (size_t i = 0; i < batch; i++)
        scores[i * (batch + 1)] += 3;
    scores[1] = scores[batch * batch - 2]; /* a tie */
}

static void for_every_matrix(void (*check)(const float *scores, size_t batch, mi_directions directions))
{
    static const float spreads[] = {0, 1, 20, 100};
    static float scores[MOST * MOST];
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
        for (uint32_t s = 0; s < 4; s++) {
            fill(scores, batches[b], spreads[s], 1 + s);
            check(scores, batches[b], MI_DIRECTIONS_BOTH);
            check(scores, batches[b], MI_DIRECTIONS_COLUMNS);
        }
}

static void agree_with_plain(const float *scores, size_t batch, mi_directions directions)
{
    static outcome plain, best;
    evaluate(&plain, "portable", scores, batch, directions);
    evaluate(&best, NULL, scores, batch, directions);
    ck_assert(plain.loss == plain.alone && best.loss == best.alone);
    ck_assert(fabs(best.loss - plain.loss) <= 1e-12 * (1 + fabs(plain.loss)));
    for (size_t i = 0; i < batch * batch; i++)
        ck_assert_msg(fabsf(best.grad[i] - plain.grad[i]) <= FLT_EPSILON * fabsf(plain.grad[i]) + 1e-12f,
                      "B %zu, entry %zu: %g and %g", batch, i, (double)best.grad[i], (double)plain.grad[i]);
}

START_TEST(test_every_machine_agrees_with_plain_c)
{
    for_every_matrix(agree_with_plain);
}
END_TEST

static void agree_on_every_bit(const float *scores, size_t batch, mi_directions directions)
{
    static outcome wide, narrow;
    evaluate(&wide, "avx512", scores, batch, directions);
    evaluate(&narrow, "avx2", scores, batch, directions);
    ck_assert(memcmp(&wide.loss, &narrow.loss, sizeof wide.loss) == 0 && wide.alone == narrow.alone);
    ck_assert(memcmp(wide.grad, narrow.grad, batch * batch * sizeof *wide.grad) == 0);
}

START_TEST(test_avx2_and_avx512_agree_on_every_bit)
{
    if (mi_anchor_passes_find("avx512") && mi_anchor_passes_find("avx2"))
        for_every_matrix(agree_on_every_bit);
}
END_TEST

START_TEST(test_machines_are_found_by_name)
{
    ck_assert_str_eq(mi_anchor_passes_find("portable")->name, "portable");
    ck_assert_ptr_nonnull(mi_anchor_passes_find(NULL));
    ck_assert_ptr_null(mi_anchor_passes_find("none"));
}
END_TEST

int main(void)
{
    RUN_TESTS("anchor", test_every_machine_agrees_with_plain_c, test_avx2_and_avx512_agree_on_every_bit,
              test_machines_are_found_by_name);
}
