/*
 * A whole estimate in one call, for tests: every run of a spec, combined.
 */
#ifndef TEST_ESTIMATING_H
#define TEST_ESTIMATING_H

#include "mi/estimate.h"

/* Asserts (by Check) that everything works. Free with mi_estimate_free. */
mi_estimate *estimate_all(const mi_spec *spec, mi_matrix x, mi_matrix y);

/* One run from fresh to done. Free with mi_run_result_free. */
mi_run_result *run_to_end(const mi_spec *spec, uint32_t replicate, uint32_t fold, mi_matrix x, mi_matrix y);

#endif
