#include "http.h"

#include "interrupt.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 10L
#define QUIET_S           60L
#define TICK_MS           200

struct http_client {
    CURLM *multi;
    CURL *easy;
    char *server;        /* without a trailing slash */
    char *authorization; /* whole header, or NULL */
    bool loopback;       /* then no proxy of the environment is meant */
    bool reached;
};

typedef struct exchange {
    http_client *client;
    const http_request *request;
    http_response *response;
    uint64_t sent;
    bool over_cap;
} exchange;

static mi_status check_url(http_client *client, const char *server, mi_error *err)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL, *query = NULL, *fragment = NULL;
    mi_status status = MI_OK;

    if (!url)
        return mi_fail(err, MI_MEMORY, "out of memory");
    if (curl_url_set(url, CURLUPART_URL, server, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
        status = mi_fail(err, MI_INVALID, "--server: '%s' is not a URL like http://127.0.0.1:8080", server);
    else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK ||
             curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK ||
             curl_url_get(url, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK)
        status = mi_fail(err, MI_INVALID, "--server: only scheme, host, port and path belong there");
    else
        client->loopback =
            strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0;
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(query);
    curl_free(fragment);
    curl_url_cleanup(url);
    return status;
}

static mi_status set_token(http_client *client, const char *token, mi_error *err)
{
    static const char prefix[] = "Authorization: Bearer ";
    size_t n = strlen(token);

    for (size_t i = 0; i < n; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return mi_fail(err, MI_INVALID,
                           "the token holds a space, a control character or something beyond ASCII");
    client->authorization = malloc(sizeof prefix + n);
    if (!client->authorization)
        return mi_fail(err, MI_MEMORY, "out of memory");
    memcpy(client->authorization, prefix, sizeof prefix - 1);
    memcpy(client->authorization + sizeof prefix - 1, token, n + 1);
    return MI_OK;
}

mi_status http_open(http_client **out, const char *server, const char *token, mi_error *err)
{
    http_client *client = calloc(1, sizeof *client);
    mi_status status = MI_OK;
    size_t n = strlen(server);

    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        return mi_fail(err, MI_MEMORY, "cannot start libcurl");
    }
    while (n > 0 && server[n - 1] == '/')
        n--;
    client->server = strndup(server, n);
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    if (!client->server || !client->multi || !client->easy) {
        status = mi_fail(err, MI_MEMORY, "out of memory");
        goto out;
    }
    status = check_url(client, client->server, err);
    if (status == MI_OK && token)
        status = set_token(client, token, err);
out:
    if (status == MI_OK)
        *out = client;
    else
        http_close(client);
    return status;
}

void http_close(http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->easy);
    curl_multi_cleanup(client->multi);
    curl_global_cleanup();
    free(client->server);
    free(client->authorization);
    free(client);
}

const char *http_server(const http_client *client)
{
    return client->server;
}

bool http_reached(const http_client *client)
{
    return client->reached;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    exchange *x = ctx;
    size_t n = size * count;
    long status = 0;

    curl_easy_getinfo(x->client->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->request->sink && status >= 200 && status < 300) {
        x->response->sunk += n;
        if (x->request->sink(x->request->ctx, bytes, n))
            return n;
        x->response->stopped = true;
        return CURL_WRITEFUNC_ERROR;
    }
    proto_text_append(&x->response->body, bytes, n);
    x->over_cap = !proto_text_ok(&x->response->body);
    return x->over_cap ? CURL_WRITEFUNC_ERROR : n;
}

static size_t on_read(char *buffer, size_t size, size_t count, void *ctx)
{
    exchange *x = ctx;
    uint64_t left = x->request->upload_size - x->sent;
    size_t room = size * count;
    ssize_t n = pread(x->request->upload_fd, buffer, left < room ? (size_t)left : room, (off_t)x->sent);

    if (n < 0)
        return CURL_READFUNC_ABORT;
    x->sent += (uint64_t)n;
    return (size_t)n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    exchange *x = ctx;

    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    x->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[512];
    struct curl_slist *grown;

    if (!value)
        return true;
    snprintf(line, sizeof line, "%s: %s", name, value);
    grown = curl_slist_append(*headers, line);
    if (grown)
        *headers = grown;
    return grown != NULL;
}

static struct curl_slist *make_headers(const http_client *client, const http_request *request)
{
    struct curl_slist *headers = NULL, *grown;
    const char *type = request->upload ? "application/octet-stream"
                       : request->body ? "application/json"
                                       : NULL;
    bool ok = add_header(&headers, "Accept", request->accept ? request->accept : "application/json") &&
              add_header(&headers, "Content-Type", type) &&
              add_header(&headers, "Idempotency-Key", request->idempotency_key) &&
              add_header(&headers, "Last-Event-ID", request->last_event_id);

    /* An upload starts at once instead of waiting for "100 Continue". */
    grown = ok ? curl_slist_append(headers, "Expect:") : NULL;
    if (grown && client->authorization)
        grown = curl_slist_append(grown, client->authorization);
    if (!grown)
        curl_slist_free_all(headers);
    return grown;
}

static void set_body(CURL *easy, exchange *x)
{
    const http_request *request = x->request;

    if (request->upload) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->upload_size);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, x);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, x);
        return;
    }
    if (strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    } else if (strcmp(request->method, "GET") != 0) {
        if (request->body) {
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        }
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
}

static void set_options(exchange *x, const char *url, struct curl_slist *headers, char *error)
{
    CURL *easy = x->client->easy;

    curl_easy_reset(easy); /* keeps the connection */
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* an id of ".." is a wrong id, not another path */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mutual/" MUTUAL_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, x->request->quiet_s ? (long)x->request->quiet_s : QUIET_S);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    if (x->client->loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    set_body(easy, x);
}

/* Drive the exchange to its end. */
static mi_status drive(exchange *x, CURLcode *result, mi_error *err)
{
    CURLM *multi = x->client->multi;
    const http_request *request = x->request;
    struct curl_waitfd signal_fd = {.fd = interrupt_fd(), .events = CURL_WAIT_POLLIN};
    /* A signal that must not end the exchange would keep the descriptor readable and the loop spinning. */
    unsigned n_fds = !request->finish && signal_fd.fd >= 0;
    int running = 1;

    for (;;) {
        CURLMsg *message;
        int queued;

        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return mi_fail(err, MI_INTERNAL, "libcurl failed");
        message = curl_multi_info_read(multi, &queued);
        if (message && message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return MI_OK;
        }
        if (interrupt_pending() && !request->finish)
            return mi_fail(err, MI_CANCELED, "interrupted");
        if (request->tick)
            request->tick(request->ctx, x->sent);
        if (curl_multi_poll(multi, &signal_fd, n_fds, TICK_MS, NULL) != CURLM_OK)
            return mi_fail(err, MI_INTERNAL, "libcurl failed");
    }
}

static mi_status explain(const exchange *x, CURLcode result, const char *detail, mi_error *err)
{
    const char *server = x->client->server;

    if (!*detail)
        detail = curl_easy_strerror(result);
    switch (result) {
    case CURLE_OK:
        return MI_OK;
    case CURLE_WRITE_ERROR:
        if (x->response->stopped)
            return MI_OK;
        return x->over_cap
                   ? mi_fail(err, MI_LIMIT, "the answer of %s is over %zu MB", server, HTTP_MAX_BODY >> 20)
                   : mi_fail(err, MI_MEMORY, "out of memory");
    case CURLE_ABORTED_BY_CALLBACK:
        return mi_fail(err, MI_INVALID, "the file could not be read while it was uploaded");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
        /* A server that refuses an upload may answer and hang up while bytes are still on their way. */
        if (x->response->status >= 400)
            return MI_OK;
        return mi_fail(err, MI_IO, "lost the connection to %s: %s", server, detail);
    case CURLE_OUT_OF_MEMORY:
        return mi_fail(err, MI_MEMORY, "out of memory");
    case CURLE_OPERATION_TIMEDOUT:
        return mi_fail(err, MI_TIMEOUT, "no answer from %s in time: %s", server, detail);
    default:
        return mi_fail(err, MI_IO, "cannot reach %s: %s", server, detail);
    }
}

static void read_headers(exchange *x)
{
    struct curl_header *header;
    char *type = NULL;
    long status = 0;

    curl_easy_getinfo(x->client->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->client->easy, CURLINFO_CONTENT_TYPE, &type);
    x->response->status = (int)status;
    x->client->reached = x->client->reached || status > 0;
    snprintf(x->response->content_type, sizeof x->response->content_type, "%s", type ? type : "");
    if (curl_easy_header(x->client->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
        char *end;
        double seconds = strtod(header->value, &end);

        if (end != header->value && *end == '\0' && seconds >= 0)
            x->response->retry_after_s = seconds;
    }
}

mi_status http_send(http_client *client, const http_request *request, http_response *response, mi_error *err)
{
    exchange x = {.client = client, .request = request, .response = response};
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = make_headers(client, request);
    proto_text url;
    CURLcode result = CURLE_OK;
    mi_status status;

    *response = (http_response){.retry_after_s = -1};
    proto_text_init(&response->body, HTTP_MAX_BODY);
    proto_text_init(&url, 1 << 16);
    proto_text_puts(&url, client->server);
    proto_text_puts(&url, request->path);
    if (!headers || !proto_text_ok(&url)) {
        status = mi_fail(err, MI_MEMORY, "out of memory");
        goto out;
    }
    set_options(&x, url.data, headers, detail);
    if (curl_multi_add_handle(client->multi, client->easy) != CURLM_OK) {
        status = mi_fail(err, MI_INTERNAL, "libcurl failed");
        goto out;
    }
    status = drive(&x, &result, err);
    if (status == MI_OK) {
        read_headers(&x);
        status = explain(&x, result, detail, err);
    }
    curl_multi_remove_handle(client->multi, client->easy);
out:
    curl_slist_free_all(headers);
    proto_text_fini(&url);
    return status;
}

void http_response_fini(http_response *response)
{
    proto_text_fini(&response->body);
}

void http_encode(proto_text *path, const char *value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *value; value++) {
        if (strchr(plain, *value))
            proto_text_append(path, value, 1);
        else
            proto_text_printf(path, "%%%02X", (unsigned char)*value);
    }
}
