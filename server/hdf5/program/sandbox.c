#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* AddressSanitizer and ThreadSanitizer reserve terabytes of address space, map with rights of their own and
 * take more kinds of system calls; all but the limit on address space holds under them too. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define DESCRIPTORS 8

static mi_status failed(mi_error *err, const char *what)
{
    return mi_fail(err, MI_INTERNAL, "%s: %s", what, strerror(errno));
}

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    const struct rlimit limits = {soft, hard};
    return setrlimit(resource, &limits) == 0;
}

static mi_status set_limits(uint64_t memory_bytes, uint64_t cpu_s, mi_error *err)
{
    if (!SANITIZED && !limit(RLIMIT_AS, memory_bytes, memory_bytes))
        return failed(err, "RLIMIT_AS");
    if (!limit(RLIMIT_CPU, cpu_s, cpu_s + 1) || !limit(RLIMIT_FSIZE, 0, 0) || !limit(RLIMIT_CORE, 0, 0) ||
        !limit(RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS))
        return failed(err, "limits");
    return MI_OK;
}

static mi_status give_up_rights(pid_t parent, mi_error *err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0) != 0)
        return failed(err, "prctl");
    if (getppid() != parent) { /* it died before we asked to die with it */
        errno = ESRCH;
        return failed(err, "parent");
    }
    return MI_OK;
}

/* All that is not named fails with EPERM: libraries take that for an answer, and exit cleanly. */
static mi_status filter_calls(mi_error *err)
{
    static const int allowed[] = {
        SCMP_SYS(read),         SCMP_SYS(pread64),        SCMP_SYS(write),           SCMP_SYS(close),
        SCMP_SYS(lseek),        SCMP_SYS(fstat),          SCMP_SYS(munmap),          SCMP_SYS(mremap),
        SCMP_SYS(brk),          SCMP_SYS(madvise),        SCMP_SYS(futex),           SCMP_SYS(exit),
        SCMP_SYS(exit_group),   SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),    SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall), SCMP_SYS(getpid),
        SCMP_SYS(gettid),       SCMP_SYS(sched_yield),
    };
    static const int mapping[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)}; /* no code is made at run time */
    int failure = 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return failed(err, "seccomp_init");
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && failure == 0; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < sizeof mapping / sizeof *mapping && failure == 0; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mapping[i], 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (failure == 0)
        failure = seccomp_load(filter);
    seccomp_release(filter);
    errno = -failure;
    return failure == 0 ? MI_OK : failed(err, "seccomp");
}

mi_status sandbox_enter(pid_t parent, uint64_t memory_bytes, uint64_t cpu_s, mi_error *err)
{
    mi_status status = give_up_rights(parent, err);
    if (status == MI_OK)
        status = set_limits(memory_bytes, cpu_s, err);
    return status == MI_OK ? filter_calls(err) : status;
}
