/*
 * The result of a benchmark, for people and as csv.
 */
#ifndef CLI_BENCHMARK_H
#define CLI_BENCHMARK_H

#include "api.h"

/* Whether a result is one. */
bool is_benchmark(const proto_node *result);
/*
 * Bias, spread and RMSE. With levels a table per law, a row per estimator and a column per level; without,
 * one table with a row per law and a column per estimator. Then what each estimator comes to over all laws,
 * and what failed. False when memory ran out.
 */
bool benchmark_print(const cli *c, const proto_node *result, proto_text *out);
/* A line per law, objective and level, every digit, to stdout or into a file. */
cli_exit benchmark_csv(cli *c, const proto_node *job, const char *file);

#endif
