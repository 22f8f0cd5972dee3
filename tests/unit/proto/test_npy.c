/*
 * npy files: numpy's own (tests/golden/npy), files built by hand for every dtype, order and version, and the
 * ways in which they are broken.
 */
#include "npy_convert.h"
#include "npy_header.h"
#include "table_testing.h"

#include <math.h>
#include <stdio.h>

/* A file being built: header and data. */
typedef struct npy_file {
    proto_text text;
} npy_file;

static npy_file *npy_begin(unsigned version, const char *dict)
{
    npy_file *f = calloc(1, sizeof *f);
    size_t n = strlen(dict);
    const unsigned char head[] = {
        0x93,           'N',           'U', 'M', 'P', 'Y', (unsigned char)version, 0, n & 0xff, n >> 8 & 0xff,
        n >> 16 & 0xff, n >> 24 & 0xff};
    proto_text_init(&f->text, 64u << 20);
    proto_text_append(&f->text, head, version == 1 ? 10 : 12);
    proto_text_puts(&f->text, dict);
    return f;
}

static npy_file *npy_array(const char *descr, const char *shape, bool fortran)
{
    char dict[256];
    snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }   \n", descr,
             fortran ? "True" : "False", shape);
    return npy_begin(1, dict);
}

static npy_file *npy_data(npy_file *f, const void *bytes, size_t n)
{
    proto_text_append(&f->text, bytes, n);
    return f;
}

static reading *npy_read(npy_file *f)
{
    ck_assert(proto_text_ok(&f->text));
    reading *r = read_bytes(f->text.data, f->text.length, default_options());
    proto_text_fini(&f->text);
    free(f);
    return r;
}

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    char *bytes = malloc(1u << 20);
    *n = fread(bytes, 1, 1u << 20, f);
    fclose(f);
    return bytes;
}

START_TEST(test_files_of_numpy_are_read_as_numpy_reads_them)
{
    char path[1024], name[64];
    unsigned rows, cols, count = 0;
    FILE *manifest = fopen(MUTUALD_TEST_SOURCE_DIR "/golden/npy/manifest.txt", "r");
    ck_assert_ptr_nonnull(manifest);
    while (fscanf(manifest, "%63s %u %u", name, &rows, &cols) == 3) {
        size_t n, n_values;
        snprintf(path, sizeof path, "%s/golden/npy/%s.f32", MUTUALD_TEST_SOURCE_DIR, name);
        char *values = slurp(path, &n_values);
        ck_assert_uint_eq(n_values, sizeof(float) * rows * cols);
        snprintf(path, sizeof path, "%s/golden/npy/%s.npy", MUTUALD_TEST_SOURCE_DIR, name);
        char *bytes = slurp(path, &n);
        reading *r =
            holds(read_bytes(bytes, n, default_options()), rows, cols, (const float *)(void *)values);
        ck_assert_str_eq(r->record.format, "npy");
        reading_free(r);
        free(bytes);
        free(values);
        count++;
    }
    fclose(manifest);
    ck_assert_uint_ge(count, 28);
}
END_TEST

static const float column[] = {0, 1, 2, 127};

START_TEST(test_every_number_type_is_read_in_both_byte_orders)
{
    static const struct {
        const char *descr;
        unsigned item;
        uint64_t bits[4]; /* of 0, 1, 2, 127 */
    } types[] = {
        {"f2", 2, {0, 0x3c00, 0x4000, 0x57f0}},
        {"f4", 4, {0, 0x3f800000, 0x40000000, 0x42fe0000}},
        {"f8", 8, {0, 0x3ff0000000000000, 0x4000000000000000, 0x405fc00000000000}},
        {"i1", 1, {0, 1, 2, 127}},
        {"i2", 2, {0, 1, 2, 127}},
        {"i4", 4, {0, 1, 2, 127}},
        {"i8", 8, {0, 1, 2, 127}},
        {"u1", 1, {0, 1, 2, 127}},
        {"u2", 2, {0, 1, 2, 127}},
        {"u4", 4, {0, 1, 2, 127}},
        {"u8", 8, {0, 1, 2, 127}},
    };
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (const char *order = types[t].item == 1 ? "|<>" : "<>"; *order; order++) {
            unsigned char data[32];
            char descr[8];
            for (unsigned i = 0; i < 4; i++)
                for (unsigned b = 0; b < types[t].item; b++)
                    data[i * types[t].item + (*order == '>' ? types[t].item - 1 - b : b)] =
                        (unsigned char)(types[t].bits[i] >> 8 * b);
            snprintf(descr, sizeof descr, "%c%s", *order, types[t].descr);
            size_t n = 4 * types[t].item;
            reading_free(holds(npy_read(npy_data(npy_array(descr, "(4,)", false), data, n)), 4, 1, column));
            reading_free(holds(npy_read(npy_data(npy_array(descr, "(2, 2)", false), data, n)), 2, 2, column));
            const float turned[] = {0, 2, 1, 127};
            reading_free(holds(npy_read(npy_data(npy_array(descr, "(2, 2)", true), data, n)), 2, 2, turned));
        }
    const float truth[] = {0, 1, 1, 0};
    reading_free(holds(npy_read(npy_data(npy_array("|b1", "(4,)", false), "\0\1\1\0", 4)), 4, 1, truth));
}
END_TEST

START_TEST(test_negative_and_extreme_integers_are_rounded_to_the_nearest_float)
{
    static const int64_t wide[] = {INT64_MIN, INT64_MAX, -1, 16777217, 9007199791611905};
    const float expected[] = {-9223372036854775808.0f, 9223372036854775808.0f, -1, 16777216,
                              9007200328482816.0f};
    reading_free(
        holds(npy_read(npy_data(npy_array("<i8", "(5,)", false), wide, sizeof wide)), 5, 1, expected));
    static const uint64_t largest = UINT64_MAX;
    const float two64 = 18446744073709551616.0f;
    reading_free(holds(npy_read(npy_data(npy_array("<u8", "(1,)", false), &largest, 8)), 1, 1, &two64));
}
END_TEST

/* Against the definition: sign, 2^e, fraction, in double arithmetic, where every step is exact. */
START_TEST(test_all_half_values_convert_exactly)
{
    for (uint32_t half = 0; half < 65536; half++) {
        int exponent = (int)(half >> 10 & 31), fraction = (int)(half & 1023);
        float value = proto_half_to_float((uint16_t)half);
        ck_assert((signbit(value) != 0) == (half >> 15 != 0));
        if (exponent == 31 && fraction != 0) {
            ck_assert(isnan(value));
            continue;
        }
        double expected = exponent == 31  ? (double)INFINITY
                          : exponent == 0 ? ldexp(fraction, -24)
                                          : ldexp(1024 + fraction, exponent - 25);
        ck_assert_msg(fabs((double)value) == expected, "%04x: %.9g", half, (double)value);
    }
}
END_TEST

START_TEST(test_versions_and_spellings_of_the_header_are_read)
{
    static const char *const dicts[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        "{\"shape\":(2,2,),\"fortran_order\":False,\"descr\":\"<f4\"}",
        " \n{ 'fortran_order' : False , 'shape' : ( 2 , 2 ) , 'descr' : '<f4' , } \t\r\n",
    };
    const float values[] = {1, 2, 3, 4};
    for (unsigned version = 1; version <= 3; version++)
        for (size_t i = 0; i < sizeof dicts / sizeof *dicts; i++)
            reading_free(
                holds(npy_read(npy_data(npy_begin(version, dicts[i]), values, sizeof values)), 2, 2, values));
}
END_TEST

START_TEST(test_a_malformed_header_is_refused_by_its_byte)
{
    static const struct {
        const char *dict, *part;
    } cases[] = {
        {"", "byte 10: the header ends; expected '{'"},
        {"[]", "byte 10: found '['; expected '{'"},
        {"{}", "the key 'descr' is missing"},
        {"{'descr': '<f4'}", "the key 'fortran_order' is missing"},
        {"{'descr': '<f4', 'fortran_order': False}", "the key 'shape' is missing"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)", "expected ',' or '}'"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2, 2)}",
         "byte 26: found '''; expected ',' or '}'"},
        {"{'descr': '<f4', 'descr': '<f4', 'shape': (2, 2)}", "byte 27"},
        {"{'descr': '<f4', 'order': False, 'shape': (2, 2)}",
         "expected the keys descr, fortran_order and shape"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2)}",
         "byte 44: found '0'; expected True or False"},
        {"{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (2, 2)}", "found 'h'; expected ',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 4}", "expected a shape such as (100, 5)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4)}", "one length is written (100,)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "0 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2)}", "3 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "expected a length"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2)}", "found '-'; expected a length"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 2)}", "found '.'; expected ',' or ')'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}", "fits 64 bits"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x", "expected nothing after '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}\x01", "found '?'; expected nothing"},
        {"{'descr: '<f4', 'fortran_order': False, 'shape': (2, 2)}", "npy header, byte 11"},
        {"{'descr': '<f\\x34', 'fortran_order': False, 'shape': (2, 2)}", "expected a plain quoted string"},
        {"{'descr': None, 'fortran_order': False, 'shape': (2, 2)}", "expected a dtype such as '<f4'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(npy_read(npy_data(npy_begin(1, cases[i].dict), column, sizeof column)), MI_INVALID,
                cases[i].part);
}
END_TEST

START_TEST(test_dtypes_that_make_no_matrix_are_refused_by_name)
{
    static const struct {
        const char *descr, *part;
    } cases[] = {
        {"'|O'", "dtype |O is Python objects (a pickle)"},
        {"'<c8'", "dtype <c8 is complex"},
        {"'<c16'", "dtype <c16 is complex"},
        {"'<U5'", "dtype <U5 is text"},
        {"'|S10'", "dtype |S10 is text"},
        {"'|V8'", "dtype |V8 is raw or structured data"},
        {"'<M8[ns]'", "dtype <M8[ns] is a date or a time span"},
        {"'<f16'", "dtype <f16 is of an unknown size"},
        {"'<f3'", "dtype <f3 is of an unknown size"},
        {"'|f4'", "dtype |f4 is of an unknown size or byte order"},
        {"'=f4'", "dtype =f4 is unknown"},
        {"''", "expected a plain number type"},
        {"'f'", "expected a plain number type"},
        {"'<q8'", "dtype <q8 is unknown"},
        {"[('x', '<f4'), ('y', '<f4')]", "dtype [('x', '<f4'), ('y'"},
        {"('<f4', (2,))", "is structured"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dict[128];
        snprintf(dict, sizeof dict, "{'descr': %s, 'fortran_order': False, 'shape': (4,), }\n",
                 cases[i].descr);
        refused(npy_read(npy_data(npy_begin(1, dict), column, sizeof column)), MI_UNSUPPORTED, cases[i].part);
    }
}
END_TEST

START_TEST(test_wrong_sizes_are_refused_with_both_counts)
{
    refused(npy_read(npy_data(npy_array("<f4", "(2, 3)", false), column, 16)), MI_INVALID,
            "2 x 3 values of dtype <f4 make a file of 97 bytes; found 89: 8 bytes are missing");
    refused(npy_read(npy_data(npy_array("<f4", "(3,)", false), column, 16)), MI_INVALID, "4 bytes too many");
    refused(npy_read(npy_data(npy_array("<f4", "(0, 3)", false), column, 0)), MI_INVALID,
            "the array is empty: 0 x 3");
    refused(npy_read(npy_data(npy_array("<f4", "(3, 0)", false), column, 0)), MI_INVALID,
            "the array is empty: 3 x 0");
    refused(npy_read(npy_data(npy_array("<f4", "(4294967296, 4294967296)", false), column, 16)), MI_LIMIT,
            "rows");
    refused(npy_read(npy_data(npy_array("<f4", "(2, 4294967296)", false), column, 16)), MI_LIMIT, "columns");
    proto_limits endless = {.max_rows = UINT64_MAX, .max_columns = UINT64_MAX, .max_cells = UINT64_MAX};
    npy_file *f = npy_array("<f8", "(4294967296, 4294967296)", false);
    refused(read_limited(f->text.data, f->text.length, default_options(), &endless), MI_LIMIT, "values");
    proto_text_fini(&f->text);
    free(f);
}
END_TEST

START_TEST(test_wrong_versions_and_long_headers_are_refused)
{
    refused(npy_read(npy_begin(4, "{}")), MI_UNSUPPORTED, "npy version 4.0; expected 1.0, 2.0 or 3.0");
    refused(npy_read(npy_begin(0, "{}")), MI_UNSUPPORTED, "npy version 0.0");
    refused(read_bytes("\x93NUMPY\x01\x01\x02\x00{}", 12, default_options()), MI_UNSUPPORTED,
            "npy version 1.1");
    refused(read_bytes("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14, default_options()), MI_LIMIT,
            "npy header of 4294967295 bytes");
    char *dict = malloc(PROTO_NPY_HEADER_MAX + 2);
    memset(dict, ' ', PROTO_NPY_HEADER_MAX + 2);
    const char *start = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}";
    memcpy(dict, start, strlen(start));
    dict[PROTO_NPY_HEADER_MAX + 1] = '\0';
    refused(npy_read(npy_data(npy_begin(2, dict), column, sizeof column)), MI_LIMIT,
            "npy header of 65537 bytes");
    dict[PROTO_NPY_HEADER_MAX] = '\0';
    reading_free(holds(npy_read(npy_data(npy_begin(2, dict), column, sizeof column)), 4, 1, column));
    free(dict);
}
END_TEST

START_TEST(test_every_cut_of_a_file_is_refused)
{
    for (unsigned version = 1; version <= 2; version++) {
        npy_file *f = npy_begin(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n");
        npy_data(f, column, sizeof column);
        for (size_t n = 0; n < f->text.length; n++) {
            proto_table_options npy = {.format = PROTO_FORMAT_NPY};
            reading *r = read_bytes(f->text.data, n, npy);
            ck_assert_int_eq(r->status, MI_INVALID);
            ck_assert_str_ne(r->err.message, "");
            reading_free(r);
        }
        reading_free(holds(npy_read(f), 2, 2, column));
    }
}
END_TEST

START_TEST(test_not_finite_values_are_refused_by_place)
{
    float f4[6] = {0};
    double f8[6] = {0};
    f4[5] = NAN;
    refused(npy_read(npy_data(npy_array("<f4", "(3, 2)", false), f4, sizeof f4)), MI_INVALID,
            "row 2, column 1 (from 0): NaN; expected a finite number");
    f4[3] = -INFINITY;
    refused(npy_read(npy_data(npy_array("<f4", "(3, 2)", false), f4, sizeof f4)), MI_INVALID,
            "row 1, column 1 (from 0): -infinity");
    refused(npy_read(npy_data(npy_array("<f4", "(3, 2)", true), f4, sizeof f4)), MI_INVALID,
            "row 0, column 1 (from 0): -infinity");
    f8[4] = 3.5e38;
    refused(npy_read(npy_data(npy_array("<f8", "(2, 3)", false), f8, sizeof f8)), MI_INVALID,
            "row 1, column 1 (from 0): 3.5");
    refused(npy_read(npy_data(npy_array("<f8", "(2, 3)", true), f8, sizeof f8)), MI_INVALID,
            "row 0, column 2 (from 0): 3.5");
    f8[4] = (double)INFINITY;
    refused(npy_read(npy_data(npy_array("<f8", "(2, 3)", false), f8, sizeof f8)), MI_INVALID,
            "row 1, column 1 (from 0): infinity");
    proto_npy_swap((unsigned char *)f8, 6, 8);
    refused(npy_read(npy_data(npy_array(">f8", "(2, 3)", false), f8, sizeof f8)), MI_INVALID,
            "row 1, column 1 (from 0): infinity");
    static const uint16_t half[] = {0, 0x7c00, 0x7e00};
    refused(npy_read(npy_data(npy_array("<f2", "(3,)", false), half, sizeof half)), MI_INVALID,
            "row 1, column 0 (from 0): infinity");
}
END_TEST

/* Shapes that need several blocks of rows and a last tile that is not full. */
START_TEST(test_large_arrays_of_either_order_are_the_same_matrix)
{
    static const struct {
        uint64_t rows, cols;
    } shapes[] = {{40000, 3}, {17000, 61}, {40, 30000}, {3, 65536}, {300000, 1}, {1, 50000}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        uint64_t rows = shapes[s].rows, cols = shapes[s].cols, state = s;
        float *c = malloc(rows * cols * sizeof *c);
        double *f = malloc(rows * cols * sizeof *f);
        for (uint64_t i = 0; i < rows; i++)
            for (uint64_t j = 0; j < cols; j++)
                f[j * rows + i] = (double)(c[i * cols + j] = (float)(random_bits(&state) >> 44));
        char shape[64];
        snprintf(shape, sizeof shape, "(%llu, %llu)", (unsigned long long)rows, (unsigned long long)cols);
        reading_free(holds(npy_read(npy_data(npy_array("<f4", shape, false), c, rows * cols * sizeof *c)),
                           rows, cols, c));
        reading_free(holds(npy_read(npy_data(npy_array("<f8", shape, true), f, rows * cols * sizeof *f)),
                           rows, cols, c));
        free(c);
        free(f);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("npy", test_files_of_numpy_are_read_as_numpy_reads_them,
              test_every_number_type_is_read_in_both_byte_orders,
              test_negative_and_extreme_integers_are_rounded_to_the_nearest_float,
              test_all_half_values_convert_exactly, test_versions_and_spellings_of_the_header_are_read,
              test_a_malformed_header_is_refused_by_its_byte,
              test_dtypes_that_make_no_matrix_are_refused_by_name,
              test_wrong_sizes_are_refused_with_both_counts, test_wrong_versions_and_long_headers_are_refused,
              test_every_cut_of_a_file_is_refused, test_not_finite_values_are_refused_by_place,
              test_large_arrays_of_either_order_are_the_same_matrix);
}
