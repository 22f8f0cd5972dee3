#include "progress.h"

#include "format.h"
#include "output.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define REDRAW_S   0.1
#define LOG_S      5.0
#define LINE_MAX   1024
#define BAR_WIDEST 40

double clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void progress_init(progress_view *view)
{
    *view = (progress_view){.step = -1, .eta_s = -1};
}

static double clamp01(double fraction)
{
    return !(fraction > 0) ? 0 : fraction > 1 ? 1 : fraction;
}

/* What stands right of the bar. */
static void print_facts(const progress_view *view, proto_text *out)
{
    char number[FORMAT_SIZE];

    if (view->runs > 0)
        proto_text_printf(out, "  runs %.0f/%.0f", view->runs_done, view->runs);
    if (view->step >= 0)
        proto_text_printf(out, "  step %.0f", view->step);
    if (*view->extra)
        proto_text_printf(out, "  %s", view->extra);
    if (view->eta_s >= 0)
        proto_text_printf(out, "  ETA %s", format_duration(number, view->eta_s));
    proto_text_printf(out, "  %s", format_duration(number, view->elapsed_s));
}

static void print_cells(int cells, double fraction, bool utf8, proto_text *out)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int units = (int)floor(clamp01(fraction) * cells * (utf8 ? 8 : 1));
    int full = utf8 ? units / 8 : units;

    proto_text_puts(out, "[");
    for (int i = 0; i < cells; i++) {
        if (i < full)
            proto_text_puts(out, utf8 ? "█" : "#");
        else
            proto_text_puts(out, utf8 && i == full ? eighths[units % 8] : utf8 ? " " : "-");
    }
    proto_text_puts(out, "]");
}

void progress_bar(const progress_view *view, int width, bool utf8, proto_text *out)
{
    proto_text facts;
    int cells;

    proto_text_init(&facts, LINE_MAX);
    print_facts(view, &facts);
    /* phase, bar with its brackets, percentage, facts, and a free last column (some terminals wrap there) */
    cells = width - 8 - 1 - 2 - 5 - (int)facts.length - 1;
    proto_text_printf(out, "%-8.8s ", *view->phase ? view->phase : "...");
    if (cells >= 5)
        print_cells(cells > BAR_WIDEST ? BAR_WIDEST : cells, view->fraction, utf8, out);
    proto_text_printf(out, " %3.0f%%", floor(clamp01(view->fraction) * 100));
    if ((int)facts.length + 8 + 1 + 5 + 1 <= width)
        proto_text_puts(out, facts.data ? facts.data : "");
    proto_text_fini(&facts);
}

void progress_log(const progress_view *view, proto_text *out)
{
    proto_text_printf(out, "%s %.0f%%", *view->phase ? view->phase : "...",
                      floor(clamp01(view->fraction) * 100));
    print_facts(view, out);
}

void progress_start(progress *p, cli *c, const char *subject)
{
    *p = (progress){.c = c, .subject = subject, .started_s = clock_s()};
    p->off = c->options->quiet || c->options->no_progress;
    p->shown_s = c->err.tty ? 0 : p->started_s; /* what is over within LOG_S leaves no lines in logs */
    progress_init(&p->view);
}

void progress_show(progress *p)
{
    double now = clock_s();
    proto_text line;

    if (p->off || now - p->shown_s < (p->c->err.tty ? REDRAW_S : LOG_S))
        return;
    p->shown_s = now;
    p->view.elapsed_s = now - p->started_s;
    proto_text_init(&line, LINE_MAX);
    if (p->c->err.tty) {
        p->c->err = term_probe(stderr); /* the window may have been resized */
        progress_bar(&p->view, p->c->err.width, p->c->err.utf8, &line);
        say_status(p->c, line.data ? line.data : "");
    } else {
        progress_log(&p->view, &line);
        say_note(p->c, "%s: %s", p->subject, line.data ? line.data : "");
    }
    proto_text_fini(&line);
}

void progress_end(progress *p)
{
    say_status(p->c, "");
}
