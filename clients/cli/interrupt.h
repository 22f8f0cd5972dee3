/*
 * Ctrl-C and SIGTERM. The first one asks: blocking places notice it and end what they do. The second one
 * exits at once. Thread: process-wide; the program has one thread.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/* Install the handlers, ignore SIGPIPE (writes report EPIPE instead). False when the system refuses. */
bool interrupt_install(void);
bool interrupt_pending(void);
/* Readable once a signal came; -1 before interrupt_install. For poll. */
int interrupt_fd(void);
/* Sleep; false when a signal came first (or had come before). */
bool interrupt_sleep(double seconds);

#endif
