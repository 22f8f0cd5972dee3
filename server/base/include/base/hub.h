/*
 * The event hub: says "look again" across threads, nothing more. Losing a hint costs latency, never
 * correctness.
 *
 * hub_notify may be called from any thread (it is the store's listener). Subscribers are called on the loop
 * thread, once per job however many notifications came in between; workers waiting in hub_wait_queue wake
 * when something may be claimable.
 */
#ifndef BASE_HUB_H
#define BASE_HUB_H

#include "mi/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef struct hub hub;
typedef void hub_subscriber(void *ctx, const char *job_id);

mi_status hub_new(hub **out, uv_loop_t *loop, mi_error *err); /* loop thread */
/* Loop thread. One subscriber (the HTTP front) is enough; NULL ends it. */
void hub_subscribe(hub *h, hub_subscriber *subscriber, void *ctx);
void hub_notify_job(hub *h, const char *job_id); /* any thread */
void hub_notify_queue(hub *h);                   /* any thread: wakes all waiting workers */
/* Wait until the queue is notified after `*seen` or timeout_ms is over; updates *seen. Any thread but the
 * loop's. */
void hub_wait_queue(hub *h, uint64_t *seen, uint32_t timeout_ms);
void hub_close(hub *h); /* loop thread; frees itself once its handle is closed; no notify may come later */

#endif
