/*
 * Every objective that trains a critic, at every setting that the generic tests go through.
 *
 * A setting takes one value of each choice and one of each number. All combinations of choices occur; the
 * numbers move together, each through its own list of values, so that each value meets each choice.
 */
#ifndef TEST_OBJECTIVE_CASES_H
#define TEST_OBJECTIVE_CASES_H

#include "mi/objective.h"

/* How many settings an entry has, those included that its batch forbids. */
size_t objective_settings(const mi_objective *entry);

/* Setting number `index` for a B x B matrix. Returns 0, and nothing to test, where mi_objective_check refuses
 * it for this batch. */
int objective_setting(mi_objective_spec *out, const mi_objective *entry, size_t index, size_t batch);

/* "nwj", "infonce-anchor nu=8 directions=columns": for messages. Returns `text`. */
const char *objective_setting_name(const mi_objective_spec *spec, char *text, size_t size);

#endif
