#include "checksum.h"
#include "mi/run.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* A result with arrays of every length class; `seed` varies the figures. */
typedef struct sample {
    mi_run_result r;
    uint32_t test_row[5], null_x[7], null_y[7];
    double pmi[5], null_pmi[7], permuted[2];
    mi_curve_point curve[3];
} sample;

static void sample_init(sample *s)
{
    mi_rng rng = test_rng(1);
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < 5; i++) {
        s->test_row[i] = 3 * i + 1;
        s->pmi[i] = mi_rng_normal(&rng);
    }
    for (uint32_t i = 0; i < 7; i++) {
        s->null_x[i] = mi_rng_u32(&rng);
        s->null_y[i] = mi_rng_u32(&rng);
        s->null_pmi[i] = -mi_rng_normal(&rng);
    }
    for (uint32_t i = 0; i < 3; i++) {
        memset(&s->curve[i], 0, sizeof s->curve[i]);
        s->curve[i].step = 6 * i;
        s->curve[i].val_loss = mi_rng_normal(&rng);
        s->curve[i].val_mi = mi_rng_normal(&rng);
        s->curve[i].train_loss = i ? mi_rng_normal(&rng) : (double)NAN;
        s->curve[i].train_mi = i ? mi_rng_normal(&rng) : (double)NAN;
    }
    s->pmi[2] = (double)NAN;
    s->pmi[3] = -0.0;
    s->permuted[0] = 1e-310;
    s->permuted[1] = (double)INFINITY;
    s->r = (mi_run_result){.replicate = 2,
                           .fold = 4,
                           .n_test = 5,
                           .test_row = s->test_row,
                           .pmi = s->pmi,
                           .n_null = 7,
                           .null_x = s->null_x,
                           .null_y = s->null_y,
                           .null_pmi = s->null_pmi,
                           .n_permutations = 2,
                           .permuted_mean = s->permuted,
                           .n_curve = 3,
                           .curve = s->curve,
                           .estimate = 1.5,
                           .train_mi = 1.75,
                           .slope = 0.75,
                           .log_scale = -0.125,
                           .infonce = 1.25,
                           .nwj = 1.375,
                           .dv = 1.4375,
                           .infonce_ceiling = 4.852,
                           .baseline_shrinkage = 1e300,
                           .baseline_mi = 0.5,
                           .steps = 1200,
                           .best_step = 900,
                           .diverged = 1,
                           .dims_x = 7,
                           .dims_y = 8,
                           .constant_x = 1,
                           .constant_y = 9};
}

static unsigned char *pack(const mi_run_result *r, size_t *n_bytes)
{
    *n_bytes = mi_run_result_pack(r, NULL, 0);
    unsigned char *bytes = malloc(*n_bytes);
    ck_assert_uint_eq(mi_run_result_pack(r, bytes, *n_bytes), *n_bytes);
    return bytes;
}

START_TEST(test_a_result_comes_back_bit_for_bit)
{
    sample s;
    size_t n_bytes = 0, again = 0;
    mi_run_result *r = NULL;
    sample_init(&s);
    unsigned char *bytes = pack(&s.r, &n_bytes);
    ck_assert_int_eq(mi_run_result_unpack(&r, bytes, n_bytes, NULL), MI_OK);
    ck_assert_int_eq(memcmp(r->test_row, s.test_row, sizeof s.test_row), 0);
    ck_assert_int_eq(memcmp(r->null_x, s.null_x, sizeof s.null_x), 0);
    ck_assert_int_eq(memcmp(r->null_y, s.null_y, sizeof s.null_y), 0);
    ck_assert_int_eq(memcmp(r->pmi, s.pmi, sizeof s.pmi), 0);
    ck_assert_int_eq(memcmp(r->null_pmi, s.null_pmi, sizeof s.null_pmi), 0);
    ck_assert_int_eq(memcmp(r->permuted_mean, s.permuted, sizeof s.permuted), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(r->curve[i].step, s.curve[i].step);
        ck_assert_int_eq(memcmp(&r->curve[i].train_loss, &s.curve[i].train_loss, 4 * sizeof(double)), 0);
    }
    ck_assert(r->replicate == 2 && r->fold == 4 && r->steps == 1200 && r->best_step == 900 &&
              r->diverged == 1);
    ck_assert(r->dims_x == 7 && r->dims_y == 8 && r->constant_x == 1 && r->constant_y == 9);
    ck_assert(r->estimate == 1.5 && r->train_mi == 1.75 && r->slope == 0.75 && r->log_scale == -0.125 &&
              r->infonce == 1.25);
    ck_assert(r->nwj == 1.375 && r->dv == 1.4375 && r->infonce_ceiling == 4.852);
    ck_assert(r->baseline_shrinkage == 1e300 && r->baseline_mi == 0.5);
    unsigned char *bytes_again = pack(r, &again);
    ck_assert_uint_eq(again, n_bytes);
    ck_assert_int_eq(memcmp(bytes, bytes_again, n_bytes), 0);
    free(bytes);
    free(bytes_again);
    mi_run_result_free(r);
}
END_TEST

START_TEST(test_a_result_without_arrays_comes_back)
{
    const mi_run_result empty = {.fold = 1};
    size_t n_bytes = 0;
    mi_run_result *r = NULL;
    unsigned char *bytes = pack(&empty, &n_bytes);
    ck_assert_int_eq(mi_run_result_unpack(&r, bytes, n_bytes, NULL), MI_OK);
    ck_assert(r->fold == 1 && r->n_test == 0 && r->n_null == 0 && r->n_curve == 0);
    mi_run_result_free(r);
    mi_run_result_free(NULL);
    free(bytes);
}
END_TEST

START_TEST(test_nothing_is_written_into_a_buffer_that_is_too_small)
{
    sample s;
    sample_init(&s);
    unsigned char small[64];
    memset(small, 0xa5, sizeof small);
    ck_assert_uint_gt(mi_run_result_pack(&s.r, small, sizeof small), sizeof small);
    for (size_t i = 0; i < sizeof small; i++)
        ck_assert_uint_eq(small[i], 0xa5);
}
END_TEST

static void refused(const unsigned char *bytes, size_t n_bytes)
{
    /* A copy of exact size, so that a sanitizer sees any read past the end. */
    unsigned char *exact = malloc(n_bytes ? n_bytes : 1);
    mi_run_result *r = (mi_run_result *)exact;
    mi_error err = {0};
    memcpy(exact, bytes, n_bytes);
    ck_assert_int_eq(mi_run_result_unpack(&r, exact, n_bytes, &err), MI_CORRUPT);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(err.code, MI_CORRUPT);
    free(exact);
}

START_TEST(test_every_truncation_is_refused)
{
    sample s;
    size_t n_bytes = 0;
    sample_init(&s);
    unsigned char *bytes = pack(&s.r, &n_bytes);
    for (size_t n = 0; n < n_bytes; n++)
        refused(bytes, n);
    bytes = realloc(bytes, n_bytes + 8);
    memset(bytes + n_bytes, 0, 8);
    refused(bytes, n_bytes + 1);
    refused(bytes, n_bytes + 8);
    free(bytes);
}
END_TEST

START_TEST(test_every_changed_byte_is_noticed)
{
    sample s;
    size_t n_bytes = 0;
    sample_init(&s);
    unsigned char *bytes = pack(&s.r, &n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (unsigned char)(1u << bit);
            refused(bytes, n_bytes);
            bytes[i] ^= (unsigned char)(1u << bit);
        }
    free(bytes);
}
END_TEST

/* Counts that lie, under a checksum that is right: they have to add up to the bytes at hand. */
START_TEST(test_counts_that_do_not_add_up_are_refused)
{
    sample s;
    size_t n_bytes = 0;
    sample_init(&s);
    unsigned char *bytes = pack(&s.r, &n_bytes);
    static const uint32_t lies[] = {0, 1, 6, 1000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (int count = 0; count < 4; count++)
        for (size_t k = 0; k < sizeof lies / sizeof lies[0]; k++) {
            unsigned char *forged = malloc(n_bytes);
            memcpy(forged, bytes, n_bytes);
            for (int b = 0; b < 4; b++)
                forged[16 + 4 * count + b] = (unsigned char)(lies[k] >> (8 * b));
            const uint64_t sum = mi_checksum(forged, n_bytes - 8);
            for (int b = 0; b < 8; b++)
                forged[n_bytes - 8 + (size_t)b] = (unsigned char)(sum >> (8 * b));
            refused(forged, n_bytes);
            free(forged);
        }
    free(bytes);
}
END_TEST

START_TEST(test_random_bytes_are_refused)
{
    mi_rng rng = test_rng(2);
    unsigned char noise[512];
    for (int trial = 0; trial < 2000; trial++) {
        const uint32_t n = mi_rng_below(&rng, sizeof noise);
        for (uint32_t i = 0; i < n; i++)
            noise[i] = (unsigned char)mi_rng_u32(&rng);
        refused(noise, n);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("result", test_a_result_comes_back_bit_for_bit, test_a_result_without_arrays_comes_back,
              test_nothing_is_written_into_a_buffer_that_is_too_small, test_every_truncation_is_refused,
              test_every_changed_byte_is_noticed, test_counts_that_do_not_add_up_are_refused,
              test_random_bytes_are_refused);
}
