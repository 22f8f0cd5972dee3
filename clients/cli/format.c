#include "format.h"

#include <math.h>
#include <stdio.h>

const char *format_number(char buffer[FORMAT_SIZE], double value)
{
    if (!isfinite(value))
        snprintf(buffer, FORMAT_SIZE, "-");
    else if (fabs(value) >= 1e4 && fabs(value) < 1e15 && value == floor(value))
        snprintf(buffer, FORMAT_SIZE, "%.0f", value);
    else
        snprintf(buffer, FORMAT_SIZE, "%.4g", value);
    return buffer;
}

const char *format_fixed(char buffer[FORMAT_SIZE], double value, int decimals)
{
    if (!isfinite(value)) {
        snprintf(buffer, FORMAT_SIZE, "-");
        return buffer;
    }
    if (fabs(value) < 0.5 * pow(10, -decimals))
        value = 0; /* drops the sign of what rounds to zero */
    snprintf(buffer, FORMAT_SIZE, fabs(value) < 1e15 ? "%.*f" : "%.*e", decimals, value);
    return buffer;
}

const char *format_duration(char buffer[FORMAT_SIZE], double seconds)
{
    if (!isfinite(seconds) || seconds < 0)
        snprintf(buffer, FORMAT_SIZE, "-");
    else if (seconds < 9.95)
        snprintf(buffer, FORMAT_SIZE, "%.1f s", seconds);
    else if (seconds < 59.5)
        snprintf(buffer, FORMAT_SIZE, "%.0f s", seconds);
    else if (seconds < 3599.5)
        snprintf(buffer, FORMAT_SIZE, "%ld min %02ld s", lround(seconds) / 60, lround(seconds) % 60);
    else
        snprintf(buffer, FORMAT_SIZE, "%.0f h %02d min", floor(seconds / 3600),
                 (int)fmod(floor(seconds / 60), 60));
    return buffer;
}

const char *format_bytes(char buffer[FORMAT_SIZE], double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;

    if (!isfinite(bytes) || bytes < 0) {
        snprintf(buffer, FORMAT_SIZE, "-");
        return buffer;
    }
    for (; bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1000;
    snprintf(buffer, FORMAT_SIZE, unit == 0 || bytes >= 99.95 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return buffer;
}
