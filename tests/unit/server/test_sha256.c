#include "../runner.h"
#include "base/sha256.h"

#include <string.h>

/* FIPS 180-4, examples of SHA-256. */
START_TEST(test_digests_are_those_of_the_standard)
{
    char hex[65];
    sha256_of("", 0, hex);
    ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_of("abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256_of(two_blocks, strlen(two_blocks), hex);
    ck_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
END_TEST

START_TEST(test_digest_does_not_depend_on_how_bytes_were_cut)
{
    static unsigned char bytes[100000];
    char whole[65], parts[65];
    sha256_state state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    sha256_of(bytes, sizeof bytes, whole);
    sha256_init(&state);
    for (size_t at = 0, n = 1; at < sizeof bytes; at += n, n = n * 3 % 1009 + 1) {
        if (n > sizeof bytes - at)
            n = sizeof bytes - at;
        sha256_update(&state, bytes + at, n);
    }
    sha256_hex(&state, parts);
    ck_assert_str_eq(parts, whole);
}
END_TEST

int main(void)
{
    RUN_TESTS("sha256", test_digests_are_those_of_the_standard,
              test_digest_does_not_depend_on_how_bytes_were_cut);
}
