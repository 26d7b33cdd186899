/* See thread.h. */
#include "server/base/thread.h"

struct thread_begin {
    void *(*run)(void *);
    void *context;
    char name[16];
};

static void *thread_main(void *argument)
{
    struct thread_begin begin = *(struct thread_begin *)argument;

    free(argument);
    pthread_setname_np(pthread_self(), begin.name);
    return begin.run(begin.context);
}

static int start(pthread_t *out_thread, size_t stack_size, const char *name,
                 void *(*run)(void *context), void *context)
{
    struct thread_begin *begin = x_malloc(sizeof(*begin));
    pthread_attr_t attributes;
    sigset_t old;
    int error;

    begin->run = run;
    begin->context = context;
    snprintf(begin->name, sizeof(begin->name), "%s", name);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    thread_block_signals(&old);
    error = pthread_create(out_thread, &attributes, thread_main, begin);
    thread_restore_signals(&old);
    pthread_attr_destroy(&attributes);
    if (error)
        free(begin);
    return error;
}

int thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *context),
                 void *context)
{
    return start(out_thread, THREAD_STACK_SIZE, name, run, context);
}

int thread_start_deep(pthread_t *out_thread, const char *name, void *(*run)(void *context),
                      void *context)
{
    return start(out_thread, THREAD_DEEP_STACK_SIZE, name, run, context);
}

void thread_block_signals(sigset_t *out_old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, out_old);
}

void thread_restore_signals(const sigset_t *old)
{
    pthread_sigmask(SIG_SETMASK, old, NULL);
}
