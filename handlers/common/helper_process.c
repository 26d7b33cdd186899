#include "handlers/common/helper_process.h"

#include "server/base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Its signals are as in a new process: our threads have them blocked, and SIGPIPE is ignored. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, pipe_signal;

    sigemptyset(&none);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &pipe_signal);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

pid_t helper_start(const char *service, const struct helper_files *files, char *const environment[])
{
    AUTO_FREE char *name = x_strdup(service);
    char *const arguments[] = {"cadabra", "helper", name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int rc;

    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < HELPER_FILES_MAX; i++)
        if (files->fds[i] >= 0)
            posix_spawn_file_actions_adddup2(&actions, files->fds[i], i);
        else
            posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
    posix_spawnattr_init(&attributes);
    set_signals(&attributes);
    rc = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (!rc)
        return pid;
    log_error("the helper of %s can't be started: %s", service, strerror(rc));
    return 0;
}

int helper_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void helper_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    helper_wait(pid);
}

void helper_limit(size_t stack_mb, size_t memory_mb)
{
    const struct rlimit none = {0, 0};
    const struct rlimit stack = {(rlim_t)stack_mb << 20, (rlim_t)stack_mb << 20};

    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_STACK, &stack);
#if !defined(CADABRA_ASAN) && !defined(__SANITIZE_THREAD__) /* which map terabytes */
    const struct rlimit memory = {(rlim_t)memory_mb << 20, (rlim_t)memory_mb << 20};
    setrlimit(RLIMIT_AS, &memory);
#else
    (void)memory_mb;
#endif
}
