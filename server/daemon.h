/*
 * The daemon's life: put the parts together, run the loop, take them apart.
 *
 *     start:  hub -> store -> HTTP -> workers -> ready
 *     stop:   workers stop claiming, checkpoint and release (HTTP goes on answering) -> HTTP drains -> hub ->
 * store
 */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "base/options.h"

/* Runs until a signal ends it. `token` NULL: open. MI_OK: stopped as asked; else what failed at the start. */
mi_status daemon_run(const options *settings, const char *token, mi_error *err);

#endif
