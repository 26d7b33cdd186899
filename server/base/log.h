/*
 * Log lines on standard error, one write() each, so that lines of threads never mix. Levels: error
 * (something of ours failed), warn, info (requests, start, stop), debug.
 */
#ifndef CADABRA_LOG_H
#define CADABRA_LOG_H

#include "server/base/base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set once, before threads start; the only process-wide setting there is. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
void log_line(enum log_level level, const char *file, int line, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_line(LOG_LEVEL_DEBUG, __FILE__, __LINE__, __VA_ARGS__);                            \
    } while (0)

#endif
