#include "base/hub.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES    40
#define PENDING_MAX 1024 /* jobs that change between two turns of the loop; hints beyond are dropped */

typedef struct id_list {
    size_t n;
    char ids[PENDING_MAX][ID_BYTES];
} id_list;

struct hub {
    uv_async_t async;
    uv_thread_t loop_thread;
    hub_subscriber *subscriber; /* loop thread */
    void *subscriber_ctx;       /* loop thread */
    id_list *delivering;        /* loop thread */

    uv_mutex_t lock; /* of all below */
    hub_queue_listener *queue_listener;
    void *queue_ctx;
    id_list *pending;
};

static void assert_loop_thread(const hub *h)
{
    uv_thread_t self = uv_thread_self();
    (void)h;
    (void)self;
    assert(uv_thread_equal(&self, &h->loop_thread));
}

static void free_hub(hub *h)
{
    free(h->pending);
    free(h->delivering);
    free(h);
}

static void deliver(uv_async_t *async)
{
    hub *h = async->data;
    uv_mutex_lock(&h->lock);
    id_list *ready = h->pending;
    h->pending = h->delivering;
    h->pending->n = 0;
    h->delivering = ready;
    uv_mutex_unlock(&h->lock);
    for (size_t i = 0; i < ready->n && h->subscriber; i++)
        h->subscriber(h->subscriber_ctx, ready->ids[i]);
}

mi_status hub_new(hub **out, uv_loop_t *loop, mi_error *err)
{
    hub *h = calloc(1, sizeof *h);
    if (!h)
        return mi_fail(err, MI_MEMORY, "event hub");
    h->pending = calloc(1, sizeof *h->pending);
    h->delivering = calloc(1, sizeof *h->delivering);
    if (!h->pending || !h->delivering)
        goto out;
    h->loop_thread = uv_thread_self();
    if (uv_mutex_init(&h->lock))
        goto out;
    if (uv_async_init(loop, &h->async, deliver))
        goto out_mutex;
    h->async.data = h;
    *out = h;
    return MI_OK;
out_mutex:
    uv_mutex_destroy(&h->lock);
out:
    free_hub(h);
    return mi_fail(err, MI_MEMORY, "event hub");
}

void hub_subscribe(hub *h, hub_subscriber *subscriber, void *ctx)
{
    assert_loop_thread(h);
    h->subscriber = subscriber;
    h->subscriber_ctx = ctx;
}

static bool contains(const id_list *list, const char *id)
{
    for (size_t i = list->n; i-- > 0;)
        if (strcmp(list->ids[i], id) == 0)
            return true;
    return false;
}

void hub_notify_job(hub *h, const char *job_id)
{
    assert(strlen(job_id) < ID_BYTES);
    uv_mutex_lock(&h->lock);
    id_list *list = h->pending;
    if (list->n < PENDING_MAX && !contains(list, job_id))
        memcpy(list->ids[list->n++], job_id, strlen(job_id) + 1);
    uv_mutex_unlock(&h->lock);
    uv_async_send(&h->async);
}

/* With the lock held, so that nobody is called any more once this has returned. */
void hub_subscribe_queue(hub *h, hub_queue_listener *listener, void *ctx)
{
    uv_mutex_lock(&h->lock);
    h->queue_listener = listener;
    h->queue_ctx = ctx;
    uv_mutex_unlock(&h->lock);
}

void hub_notify_queue(hub *h)
{
    uv_mutex_lock(&h->lock);
    if (h->queue_listener)
        h->queue_listener(h->queue_ctx);
    uv_mutex_unlock(&h->lock);
}

static void on_closed(uv_handle_t *handle)
{
    hub *h = handle->data;
    uv_mutex_destroy(&h->lock);
    free_hub(h);
}

void hub_close(hub *h)
{
    assert_loop_thread(h);
    h->subscriber = NULL;
    uv_close((uv_handle_t *)&h->async, on_closed);
}
