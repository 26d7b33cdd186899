/*
 * It reads from a pipe. A byte is the server's leave; the end without one is its death, after which
 * everything that carries the owner's mark is killed, again and again until a few looks found
 * nothing: what was being started when the server died gets its mark a moment later.
 */
#include "handlers/lambda/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "handlers/lambda/process.h"
#include "server/base/log.h"

#define OWNER_VARIABLE "_CADABRA_KEEPS"

enum { LOOKS_MAX = 500, QUIET_LOOKS = 5, LOOK_EVERY_US = 20000 };

static int spawn(int input, const char *owner, pid_t *out_pid)
{
    char *const arguments[] = {"cadabra", "helper", "lambda", NULL};
    AUTO_FREE char *variable = x_asprintf(OWNER_VARIABLE "=%s", owner);
    char *const environment[] = {variable, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    /* Not of the terminal's group, and with the signals blocked that end a server gently. */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    int rc = posix_spawn(out_pid, "/proc/self/exe", &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

void keeper_start(struct keeper *k, const char *owner)
{
    int ends[2];

    *k = (struct keeper){.fd = -1};
    int rc = pipe2(ends, O_CLOEXEC) < 0 ? errno : 0;
    if (!rc) {
        rc = spawn(ends[0], owner, &k->pid);
        close(ends[0]);
        k->fd = ends[1];
    }
    if (!rc)
        return;
    log_error("functions will outlive a server that is killed: %s", strerror(rc));
    if (k->fd >= 0)
        close(k->fd);
    *k = (struct keeper){.fd = -1};
}

void keeper_stop(struct keeper *k)
{
    if (!k->pid)
        return;
    if (write(k->fd, "", 1) < 0)
        log_error("the process that looks after functions has gone: %s", strerror(errno));
    close(k->fd);
    while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *k = (struct keeper){.fd = -1};
}

int keeper_run(void)
{
    const char *owner = getenv(OWNER_VARIABLE);
    char leave;
    ssize_t n;

    if (!owner || strlen(owner) != PROCESS_OWNER_LEN)
        return EXIT_FAILURE;
    while ((n = read(STDIN_FILENO, &leave, 1)) < 0 && errno == EINTR)
        ;
    if (n > 0)
        return EXIT_SUCCESS;
    for (int looks = 0, quiet = 0; looks < LOOKS_MAX && quiet < QUIET_LOOKS; looks++) {
        quiet = process_kill_leftovers(owner) ? 0 : quiet + 1;
        usleep(LOOK_EVERY_US);
    }
    return EXIT_SUCCESS;
}
