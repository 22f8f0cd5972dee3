/*
 * A job that someone waits for. Long-polls and event streams of one job share its watch: when the hub says
 * that the job has changed, it is read once, on the pool, and each of them takes what it needs from that.
 */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include "event_ring.h"
#include "exchange.h"

#define HTTP_WATCH_BATCH 128 /* events a read takes at most */

typedef struct http_watch http_watch;

/* Park a suspended exchange until its response.wait is satisfied or over. false: out of memory, answer now.
 */
bool http_watch_wait(http_exchange *x);
/* Take it out of its watch, without an answer. */
void http_watch_leave(http_exchange *x);

/* Watch for a stream; balanced by http_watch_unsubscribe. NULL: out of memory. */
http_watch *http_watch_subscribe(http_server *s, const char *job_id, struct http_stream *stream);
void http_watch_unsubscribe(http_watch *w, struct http_stream *stream);
/* The stream has everything up to `cursor`, and takes what follows from the ring. false: the ring does not
 * reach back that far. */
bool http_watch_go_live(http_watch *w, uint64_t cursor);
const event_ring *http_watch_ring(const http_watch *w);
/* Nothing comes after what the ring holds: the job is terminal, or deleted. */
bool http_watch_complete(const http_watch *w);

#endif
