/*
 * The event hub: says "look again" across threads, nothing more. Losing a hint costs latency, never
 * correctness.
 *
 * hub_notify may be called from any thread (it is the store's listener). Subscribers are called on the loop
 * thread, once per job however many notifications came in between; the workers' listener is called when
 * something may be claimable.
 */
#ifndef BASE_HUB_H
#define BASE_HUB_H

#include "mi/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef struct hub hub;
typedef void hub_subscriber(void *ctx, const char *job_id);
typedef void hub_queue_listener(void *ctx);

mi_status hub_new(hub **out, uv_loop_t *loop, mi_error *err); /* loop thread */
/* Loop thread. One subscriber (the HTTP front) is enough; NULL ends it. */
void hub_subscribe(hub *h, hub_subscriber *subscriber, void *ctx);
void hub_notify_job(hub *h, const char *job_id); /* any thread */
void hub_notify_queue(hub *h);                   /* any thread */
/* Any thread. One listener (the workers) is enough; NULL ends it. It is called by whoever notifies, with the
 * hub's lock held: it is short, and calls nothing of the hub. */
void hub_subscribe_queue(hub *h, hub_queue_listener *listener, void *ctx);
void hub_close(hub *h); /* loop thread; frees itself once its handle is closed; no notify may come later */

#endif
