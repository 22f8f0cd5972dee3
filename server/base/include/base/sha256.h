/*
 * SHA-256, incremental (libsodium underneath).
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <sodium.h>
#include <stddef.h>

typedef crypto_hash_sha256_state sha256_state;

void sha256_init(sha256_state *state);
void sha256_update(sha256_state *state, const void *bytes, size_t n);
void sha256_hex(sha256_state *state, char out[65]);
void sha256_of(const void *bytes, size_t n, char out[65]);

#endif
