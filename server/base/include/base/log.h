/*
 * Structured logs on stderr: one line an event, logfmt (time=... level=... msg="..." key=value ...), or JSON
 * lines.
 *
 *     log_info("job submitted", "job", id, "request", request_id, NULL);
 *
 * Keys and values are strings, NULL-terminated list; values are quoted and escaped as needed. Thread: any; a
 * line is written by one write(2).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

typedef enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR } log_level;

/* Before any thread starts. json: JSON lines instead of logfmt. */
void log_setup(log_level level, int json);
void log_event(log_level level, const char *message, ...) __attribute__((sentinel));
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_event(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
