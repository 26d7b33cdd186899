/*
 * Shared libraries that are loaded when they are first needed: those that few servers ever use and
 * that would cost every start milliseconds (libcurl and what hangs on it, libsnappy's C++ runtime,
 * libjq). They are named by their soname, so the dynamic linker finds them where the system keeps
 * them; what is loaded stays loaded. Thread-safe.
 */
#ifndef CADABRA_LIBRARY_H
#define CADABRA_LIBRARY_H

#include "server/base/base.h"

struct library_symbol {
    const char *name;
    void *place; /* of a pointer to the function */
};

/* Gives each place its function. False, after a log line that names what is missing. */
bool library_load(const char *soname, const struct library_symbol *symbols, size_t count);

#endif
