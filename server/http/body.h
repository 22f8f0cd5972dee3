/*
 * The body of a request: whether it is taken at all, and where it goes: a buffer for JSON, a scratch file for
 * data, nowhere for the rest.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "exchange.h"

/* The head is in. false: refused, before any of the body was read; the response says why. */
bool http_body_accepted(http_exchange *x);
/* Take from data[0..*n_data) and leave in *n_data what was not taken. Inside libmicrohttpd's callback. May
 * suspend the exchange (a chunk goes to disk), or decide the response (READY: the rest is dropped). false:
 * enough was dropped, close. */
bool http_body_take(http_exchange *x, const char *data, size_t *n_data);
/* Free what is held of it. */
void http_body_drop(http_exchange *x);

#endif
