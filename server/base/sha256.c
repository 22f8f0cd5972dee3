#include "base/sha256.h"

void sha256_init(sha256_state *state)
{
    crypto_hash_sha256_init(state);
}

void sha256_update(sha256_state *state, const void *bytes, size_t n)
{
    crypto_hash_sha256_update(state, bytes, n);
}

void sha256_hex(sha256_state *state, char out[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, digest);
    sodium_bin2hex(out, 65, digest, sizeof digest);
}

void sha256_of(const void *bytes, size_t n, char out[65])
{
    sha256_state state;
    sha256_init(&state);
    sha256_update(&state, bytes, n);
    sha256_hex(&state, out);
}
