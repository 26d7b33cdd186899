/*
 * How long from exec to the first answered request: starts a server and asks it for its health
 * until it answers.
 *
 * usage: bench_start RUNS PROGRAM PORT [ARGUMENT...]   with {} in an argument replaced by the run's
 * number prints one line per run: milliseconds to the first answer, and the resident KiB one second
 * later.
 */
#include "server/base/base.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* True when the server on that port has answered with 200. */
static bool answers(uint16_t port)
{
    static const char question[] = "GET /_cadabra/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char answer[256];
    ssize_t got = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(fd, question, sizeof(question) - 1) == (ssize_t)sizeof(question) - 1)
        got = read(fd, answer, sizeof(answer));
    close(fd);
    return got > 12 && memcmp(answer + 9, "200", 3) == 0;
}

static long resident_kib(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    while (fgets(line, sizeof(line), f))
        if (str_starts(line, "VmRSS:"))
            kib = strtol(line + 6, NULL, 10);
    fclose(f);
    return kib;
}

static void run_once(char **command, uint16_t port)
{
    posix_spawn_file_actions_t files;
    pid_t pid;
    double started;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    started = now_ms();
    if (posix_spawn(&pid, command[0], &files, NULL, command, environ) != 0) {
        perror(command[0]);
        exit(1);
    }
    while (!answers(port) && now_ms() - started < 10e3)
        usleep(200);
    printf("%.2f ", now_ms() - started);
    usleep(1000 * 1000);
    printf("%ld\n", resident_kib(pid));
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    posix_spawn_file_actions_destroy(&files);
}

int main(int argc, char **argv)
{
    long runs = argc > 3 ? strtol(argv[1], NULL, 10) : 0;

    if (runs < 1) {
        fprintf(stderr, "usage: %s RUNS PROGRAM PORT [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    for (long run = 0; run < runs; run++) {
        char *command[64] = {argv[2], "--port", argv[3]};
        size_t n = 3;

        for (int i = 4; i < argc && n < ARRAY_LEN(command) - 1; i++) {
            const char *hole = strstr(argv[i], "{}");

            command[n++] =
                hole ? x_asprintf("%.*s%ld%s", (int)(hole - argv[i]), argv[i], run, hole + 2)
                     : x_strdup(argv[i]);
        }
        run_once(command, (uint16_t)strtoul(argv[3], NULL, 10));
        for (size_t i = 3; i < n; i++)
            free(command[i]);
    }
    return 0;
}
