#include "term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static int columns_of(int fd, bool tty)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    long n;

    if (tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    n = columns ? strtol(columns, NULL, 10) : 0;
    return n >= 20 && n <= 1000 ? (int)n : 80;
}

term term_probe(FILE *file)
{
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    const char *charset = nl_langinfo(CODESET);
    term t = {0};

    t.tty = isatty(fileno(file)) == 1;
    t.utf8 = strcasecmp(charset, "UTF-8") == 0 || strcasecmp(charset, "UTF8") == 0;
    t.color = t.tty && !(no_color && *no_color) && kind && strcmp(kind, "dumb") != 0;
    t.width = columns_of(fileno(file), t.tty);
    return t;
}

long term_decode(const char *bytes, size_t n, size_t *length)
{
    static const long smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)bytes[0];
    size_t want = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    long code;

    *length = 1;
    if (want == 0 || want > n || first > 0xf4)
        return -1;
    if (want == 1)
        return first;
    code = first & (0x7f >> want);
    for (size_t i = 1; i < want; i++) {
        if (((unsigned char)bytes[i] & 0xc0) != 0x80)
            return -1;
        code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
    }
    if (code < smallest[want] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return -1;
    *length = want;
    return code;
}

/* What moves the cursor, hides text or changes its order. */
static bool harmful(long code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

void term_escape(proto_text *out, const char *bytes, size_t n, bool utf8, bool multiline)
{
    for (size_t i = 0, length; i < n; i += length) {
        long code = term_decode(bytes + i, n - i, &length);

        if (code < 0)
            proto_text_printf(out, "\\x%02x", (unsigned char)bytes[i]);
        else if (multiline && (code == '\n' || code == '\t'))
            proto_text_append(out, bytes + i, 1);
        else if (!harmful(code) && (utf8 || code < 0x80))
            proto_text_append(out, bytes + i, length);
        else if (code < 0x80)
            proto_text_printf(out, "\\x%02lx", code);
        else
            proto_text_printf(out, "\\u{%lx}", code);
    }
}

size_t term_columns(const char *text)
{
    size_t n = strlen(text), columns = 0;

    for (size_t i = 0, length; i < n; i += length) {
        long code = term_decode(text + i, n - i, &length);
        int width = code < 0x80 ? 1 : wcwidth((wchar_t)code);

        columns += width < 0 ? 1 : (size_t)width;
    }
    return columns;
}

void term_wrap(proto_text *out, const char *text, unsigned indent, int width)
{
    size_t room = width > (int)indent + 20 ? (size_t)width - indent - 1 : 20, used = 0;

    while (*text) {
        size_t n = strcspn(text, " ");
        char *word = strndup(text, n);
        size_t columns = word ? term_columns(word) : n;

        if (used > 0 && used + 1 + columns > room) {
            proto_text_puts(out, "\n");
            used = 0;
        }
        proto_text_printf(out, "%*s", used == 0 ? (int)indent : 1, "");
        proto_text_append(out, text, n);
        used += columns + (used > 0);
        free(word);
        text += n + strspn(text + n, " ");
    }
    proto_text_puts(out, "\n");
}
