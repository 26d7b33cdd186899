#include "server/base/library.h"

#include "server/base/log.h"

#include <dlfcn.h>

bool library_load(const char *soname, const struct library_symbol *symbols, size_t count)
{
    void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

    if (!handle) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has its own */
        log_error("%s can't be loaded: %s", soname, dlerror());
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(handle, symbols[i].name);

        if (!function) {
            log_error("%s has no %s", soname, symbols[i].name);
            return false;
        }
        memcpy(symbols[i].place, &function, sizeof(function));
    }
    return true;
}
