#include "base/ids.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ULID_CHARS   26
#define RANDOM_BYTES 10

static const char crockford[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct {
    pthread_mutex_t lock;
    int64_t ms;
    unsigned char random[RANDOM_BYTES];
} last = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_unix_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static void random_fill(unsigned char *bytes, size_t n)
{
    /* Up to 256 bytes come whole once the kernel's pool is ready; before that the call waits and a signal may
     * interrupt it. */
    while (getrandom(bytes, n, 0) != (ssize_t)n) {
    }
}

/* Within one millisecond, and while the wall clock steps back, ids ascend by counting up from the last one.
 */
static int64_t next_ulid(unsigned char random[RANDOM_BYTES])
{
    pthread_mutex_lock(&last.lock);
    int64_t now = clock_unix_ms();
    if (now > last.ms) {
        last.ms = now;
        random_fill(last.random, RANDOM_BYTES);
        last.random[0] &= 0x7f; /* room to count */
    } else {
        for (int i = RANDOM_BYTES - 1; i >= 0 && ++last.random[i] == 0; i--) {
        }
    }
    int64_t ms = last.ms;
    memcpy(random, last.random, RANDOM_BYTES);
    pthread_mutex_unlock(&last.lock);
    return ms;
}

void id_make(char out[ID_MAX], const char *prefix)
{
    unsigned char random[RANDOM_BYTES];
    uint64_t ms = (uint64_t)next_ulid(random);
    size_t n = strnlen(prefix, ID_MAX - ULID_CHARS - 2);
    memcpy(out, prefix, n);
    out[n++] = '_';
    for (int shift = 45; shift >= 0; shift -= 5)
        out[n++] = crockford[(ms >> shift) & 31];
    uint32_t bits = 0;
    int held = 0;
    for (int i = 0; i < RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        for (held += 8; held >= 5; held -= 5)
            out[n++] = crockford[(bits >> (held - 5)) & 31];
    }
    out[n] = '\0';
}

int id_valid(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(text, prefix, n) != 0 || text[n] != '_')
        return 0;
    const char *ulid = text + n + 1;
    return strlen(ulid) == ULID_CHARS && strspn(ulid, crockford) == ULID_CHARS && *ulid <= '7';
}
