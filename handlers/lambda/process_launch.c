/*
 * The child shares the server's memory until its exec, and its parent's thread waits for that, as
 * posix_spawn does it: so starting takes the same time however large the server has grown. It
 * does by itself what posix_spawn knows nothing of, limits and namespaces. It may only call the
 * kernel, has a stack of its own, and tells what failed in a variable that both see.
 */
#include "handlers/lambda/process_launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "handlers/lambda/view.h"

enum { FILES_MAX = 1024, PROCESSES_MAX = 1024, STACK_SIZE = 64 * 1024, EXIT_FAILED = 127 };

struct launch {
    const struct process_options *options;
    int output;
    struct rlimit threads;
    bool bounds_threads;
    int problem; /* errno */
};

/* The number of threads is counted per user by the kernel, so the bound is above what runs now. */
static void bound_threads(struct launch *l)
{
    struct process_table table;
    rlim_t threads = PROCESSES_MAX;

    if (geteuid() == 0)
        return;
    process_table_read(&table);
    for (size_t i = 0; i < table.count; i++)
        threads += (rlim_t)table.entries[i].threads;
    process_table_release(&table);
    l->bounds_threads = getrlimit(RLIMIT_NPROC, &l->threads) == 0 && l->threads.rlim_max > threads;
    l->threads = (struct rlimit){threads, threads};
}

/* --- in the child --- */

static void set_limits(const struct launch *l)
{
    const struct rlimit files = {FILES_MAX, FILES_MAX};
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &files);
    if (l->options->mark) {
        rlim_t value = process_mark_limit(l->options->mark);
        const struct rlimit mark = {value, value};

        setrlimit(RLIMIT_RSS, &mark);
    }
    if (l->bounds_threads)
        setrlimit(RLIMIT_NPROC, &l->threads);
}

static bool set_files(int output)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
           dup2(output, STDERR_FILENO) >= 0;
}

/* All as a new program expects it. What we ignore would stay ignored. */
static void reset_signals(void)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int enter(const struct process_options *o)
{
    if (!o->view)
        return 0;
    /* Of root the namespace for mounts alone, of others that for users, too. */
    if (o->beside && (setns(o->beside->ended, CLONE_NEWNS) == 0 ||
                      setns(o->beside->ended, CLONE_NEWUSER | CLONE_NEWNS) == 0))
        return 0;
    return view_enter(o->view);
}

static int prepare(const struct launch *l)
{
    if (setsid() < 0 || !set_files(l->output))
        return errno;
    int problem = enter(l->options);
    if (problem)
        return problem;
    set_limits(l);
    if (chdir(l->options->directory) < 0)
        return errno;
    reset_signals();
    closefrom(STDERR_FILENO + 1);
    return 0;
}

/* Sanitizers must not look at its stack. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int child(void *context)
{
    struct launch *l = context;

    l->problem = prepare(l);
    if (!l->problem) {
        execve(l->options->argv[0], l->options->argv, l->options->environment);
        l->problem = errno;
    }
    _exit(EXIT_FAILED);
}

/* --- in the server --- */

/* clone(), not by the name that ThreadSanitizer puts itself before: it takes all of them for forks,
 * and locks its own state in a child that shares it. */
int plain_clone(int (*run)(void *), void *stack, int flags, void *context, ...) __asm__("__clone");

int process_launch(const struct process_options *options, int output, pid_t *out_pid)
{
    struct launch l = {.options = options, .output = output};
    sigset_t all, before;

    bound_threads(&l);
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return errno;
    /* A handler of ours must not run in the child. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t pid = plain_clone(child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &l);
    if (pid < 0)
        l.problem = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    if (pid >= 0 && l.problem) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *out_pid = pid;
    return l.problem;
}
