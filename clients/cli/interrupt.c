#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t pending;
static int pipe_ends[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    ssize_t n;

    if (pending)
        _exit(128 + number);
    pending = 1;
    n = write(pipe_ends[1], "!", 1);
    (void)n; /* a full pipe is readable, which is all that is wanted */
    errno = saved;
}

bool interrupt_install(void)
{
    struct sigaction action = {0};

    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0)
        return false;
    action.sa_handler = on_signal;
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

bool interrupt_pending(void)
{
    return pending != 0;
}

int interrupt_fd(void)
{
    return pipe_ends[0];
}

bool interrupt_sleep(double seconds)
{
    struct pollfd fd = {.fd = pipe_ends[0], .events = POLLIN};

    if (!pending)
        (void)poll(&fd, 1, (int)(seconds * 1000));
    return !pending;
}
