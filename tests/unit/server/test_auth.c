#include "../proto/testing.h"
#include "auth.h"

START_TEST(test_only_the_exact_token_passes)
{
    ck_assert(http_auth_ok("Bearer s3cret", "s3cret"));
    ck_assert(http_auth_ok("bearer  s3cret", "s3cret"));
    ck_assert(!http_auth_ok("", "s3cret"));
    ck_assert(!http_auth_ok("s3cret", "s3cret"));
    ck_assert(!http_auth_ok("Basic s3cret", "s3cret"));
    ck_assert(!http_auth_ok("Bearer", "s3cret"));
    ck_assert(!http_auth_ok("Bearer ", "s3cret"));
    ck_assert(!http_auth_ok("Bearer s3cre", "s3cret"));
    ck_assert(!http_auth_ok("Bearer s3crets", "s3cret"));
    ck_assert(!http_auth_ok("Bearer s3cret ", "s3cret"));
}
END_TEST

int main(void)
{
    RUN_TESTS("auth", test_only_the_exact_token_passes);
}
