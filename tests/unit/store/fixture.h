/*
 * What the store's contract tests share. Each test runs once per engine: its loop index is the engine's.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "store/store.h"

#include <check.h>
#include <stdatomic.h>

typedef struct fixture {
    char dir[256]; /* the data folder, below a temporary folder of its own */
    store *store;
    uint32_t max_attempts;
    _Atomic unsigned job_hints, queue_hints;
    mi_error err;
} fixture;

extern const int n_engines;

void fixture_setup(fixture *f, int engine);
void fixture_teardown(fixture *f);
mi_status fixture_open(fixture *f, int engine); /* on the folder as it is */
void fixture_close(fixture *f);
void fixture_remove(const char *dir);
/* Make everything below the folder's part (an engine's files) look `age_s` old. */
void fixture_age(const fixture *f, const char *part, int age_s);
unsigned fixture_count_files(const fixture *f, const char *part);

/* Calls that must succeed. */
void put_blob(fixture *f, const void *bytes, size_t n, char sha256[PROTO_SHA_HEX]);
void put_dataset(fixture *f, const char *name, const char *content);
store_submission submission_of(const char *blob); /* 1 variant x 1 replicate x 2 folds, priority 5 */
void submit(fixture *f, const store_submission *submission, char id[PROTO_ID_MAX]);
void submit_simple(fixture *f, char id[PROTO_ID_MAX]); /* with a blob of its own */
proto_job_record get_job(fixture *f, const char *id);  /* fini it */
proto_job_state state_of(fixture *f, const char *id);
store_run claim(fixture *f);
store_run claim_lease(fixture *f, uint32_t lease_ms);
void finish(fixture *f, store_run *run, const char *result); /* and fini */
/* Claim and finish everything of the only job. */
void succeed_job(fixture *f, const char *pmi_blob);
void succeed_job_with(fixture *f, const store_outcome *outcome);
bool nothing_to_claim(fixture *f);
void sleep_ms(int ms);

/* Run one suite of tests over all engines; returns main's status. */
typedef struct contract_test {
    const TTest *test;
} contract_test;
int run_contract(const char *name, const contract_test *tests, size_t n);
#define RUN_CONTRACT(name, ...)                              \
    run_contract(name, (const contract_test[]){__VA_ARGS__}, \
                 sizeof((const contract_test[]){__VA_ARGS__}) / sizeof(contract_test))

#define LEASE_MS 60000

#define ck_ok(f, call) ck_assert_msg((call) == MI_OK, "%s: %s", #call, (f)->err.message)

#endif
