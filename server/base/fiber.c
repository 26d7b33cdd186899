/*
 * See fiber.h. A fiber is a ucontext that runs one function after another: its stack is made once
 * and used again, the last one first, so that it is still in the processor's cache.
 *
 * swapcontext() asks the kernel for the signal mask at each change, which is the same everywhere
 * here and costs more than all else. So it only enters a new stack; then _setjmp() and _longjmp()
 * change. The sanitizers have to be told of every change, and TSan knows no jump to another stack.
 */
/* The check of longjmp() would take a jump to another stack for an error. */
#undef _FORTIFY_SOURCE
#include "server/base/fiber.h"

#include "server/base/thread.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

enum {
    STACKS_KEPT = 64,
    GUARD_SIZE = 64 * 1024, /* a page would do, whatever its size */
    LOCK_WAIT_US = 500,
};

/* One of the places between which the thread changes: its own stack, or a fiber's. */
struct place {
    ucontext_t context;
    jmp_buf left_at;
    bool entered;      /* left_at says where it goes on */
    const void *stack; /* for AddressSanitizer */
    size_t stack_size;
    void *fake_stack;
    void *tsan;
};

struct fiber {
    struct place place;
    struct fiber *next; /* in waiting or kept */
    void *memory;
    void (*run)(void *context);
    void *context;
    bool ended;
    bool parked; /* in no list: its gathering's end makes it go on */
};

/* It lies on the stack of the fiber that gathers. */
struct gathering {
    struct gathering *next;
    const void *key;
    struct fiber_part *parts;
    struct fiber_part **parts_end;
};

struct fibers {
    struct place home;
    struct fiber *running; /* NULL: the thread is at home */
    struct fiber *waiting; /* in the order in which they yielded, but for those that are parked */
    struct fiber **waiting_end;
    struct gathering *gatherings;
    struct fiber *kept;
    size_t unended; /* waiting or parked */
    size_t kept_count;
    bool moved;   /* somebody in this round could go on */
    bool stalled; /* nobody could: who is next may block */
};

/* Which fiber runs is a fact of the thread; a parameter through all layers would say no more. */
static _Thread_local struct fibers *mine;

/* --- changing stacks --- */

static void jump(struct place *from, struct place *to)
{
#if defined(__SANITIZE_THREAD__)
    swapcontext(&from->context, &to->context);
#else
    from->entered = true;
    if (_setjmp(from->left_at))
        return;
    if (to->entered)
        _longjmp(to->left_at, 1);
    setcontext(&to->context);
#endif
}

static void change(struct place *from, struct place *to)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    jump(from, to);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* The first thing on a new stack: where it came from is the home of this thread. */
static void arrive(struct place *home)
{
    (void)home;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(NULL, &home->stack, &home->stack_size);
#endif
}

static void fiber_main(void)
{
    struct fibers *set = mine;
    struct fiber *self = set->running;

    arrive(&set->home);
    for (;;) {
        self->run(self->context);
        self->ended = true;
        change(&self->place, &set->home);
    }
}

/* --- stacks --- */

static void fiber_free(struct fiber *f)
{
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(f->place.tsan);
#endif
    munmap(f->memory, GUARD_SIZE + THREAD_STACK_SIZE);
    free(f);
}

static struct fiber *fiber_new(void)
{
    size_t size = GUARD_SIZE + THREAD_STACK_SIZE;
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    struct fiber *f;

    if (memory == MAP_FAILED)
        return NULL;
    if (mprotect(memory, GUARD_SIZE, PROT_NONE) < 0) {
        munmap(memory, size);
        return NULL;
    }
    f = x_calloc(1, sizeof(*f));
    f->memory = memory;
    f->place.stack = memory + GUARD_SIZE;
    f->place.stack_size = THREAD_STACK_SIZE;
#if defined(__SANITIZE_THREAD__)
    f->place.tsan = __tsan_create_fiber(0);
#endif
    getcontext(&f->place.context);
    f->place.context.uc_stack.ss_sp = memory + GUARD_SIZE;
    f->place.context.uc_stack.ss_size = THREAD_STACK_SIZE;
    f->place.context.uc_link = NULL;
    makecontext(&f->place.context, fiber_main, 0);
    return f;
}

static struct fiber *take(struct fibers *set)
{
    struct fiber *f = set->kept;

    if (!f)
        return fiber_new();
    set->kept = f->next;
    set->kept_count--;
    return f;
}

static void keep(struct fibers *set, struct fiber *f)
{
    if (set->kept_count >= STACKS_KEPT) {
        fiber_free(f);
        return;
    }
    f->next = set->kept;
    set->kept = f;
    set->kept_count++;
}

/* --- the thread's side --- */

struct fibers *fibers_new(void)
{
    struct fibers *set = x_calloc(1, sizeof(*set));

    assert(!mine);
    set->waiting_end = &set->waiting;
#if defined(__SANITIZE_THREAD__)
    set->home.tsan = __tsan_get_current_fiber();
#endif
    mine = set;
    return set;
}

void fibers_free(struct fibers *set)
{
    if (!set)
        return;
    assert(set == mine && !set->waiting && !set->running);
    while (set->kept) {
        struct fiber *f = set->kept;

        set->kept = f->next;
        fiber_free(f);
    }
    free(set);
    mine = NULL;
}

static void let_wait(struct fibers *set, struct fiber *f)
{
    f->next = NULL;
    *set->waiting_end = f;
    set->waiting_end = &f->next;
}

/* Runs the fiber until it ends or yields. */
static void go_on(struct fibers *set, struct fiber *f)
{
    set->running = f;
    change(&set->home, &f->place);
    set->running = NULL;
    if (f->ended) {
        set->unended--;
        set->moved = true;
        keep(set, f);
    } else if (!f->parked) {
        let_wait(set, f);
    }
}

bool fibers_start(struct fibers *set, void (*run)(void *context), void *context)
{
    struct fiber *f;

    assert(set == mine && !set->running);
    f = take(set);
    if (!f)
        return false;
    f->run = run;
    f->context = context;
    f->ended = false;
    set->unended++;
    go_on(set, f);
    return true;
}

size_t fibers_waiting(const struct fibers *set)
{
    return set->unended;
}

static void take_turns(struct fibers *set)
{
    struct fiber *f = set->waiting;

    set->waiting = NULL;
    set->waiting_end = &set->waiting;
    set->moved = false;
    while (f) {
        struct fiber *next = f->next;

        go_on(set, f);
        f = next;
    }
}

void fibers_finish(struct fibers *set)
{
    assert(set == mine && !set->running);
    while (set->waiting) {
        take_turns(set);
        set->stalled = !set->moved && set->waiting;
    }
}

/* --- the fiber's side --- */

bool fiber_running(void)
{
    return mine && mine->running;
}

bool fiber_yield(enum fiber_pause pause)
{
    struct fibers *set = mine;
    struct fiber *self = set->running;

    assert(self);
    if (pause == FIBER_READY)
        set->moved = true;
    change(&self->place, &set->home);
    if (pause == FIBER_READY || !set->stalled)
        return true;
    set->stalled = false;
    set->moved = true;
    return false;
}

static void join(struct fibers *set, struct gathering *g, struct fiber_part *part)
{
    struct fiber *self = set->running;

    part->fiber = self;
    *g->parts_end = part;
    g->parts_end = &part->next;
    self->parked = true;
    change(&self->place, &set->home);
}

struct fiber_part *fiber_gather(const void *key, struct fiber_part *part)
{
    struct fibers *set = mine;
    struct gathering own = {
        .next = set->gatherings, .key = key, .parts = part, .parts_end = &part->next};

    assert(set->running);
    *part = (struct fiber_part){0};
    for (struct gathering *g = set->gatherings; g; g = g->next) {
        if (g->key == key) {
            join(set, g, part);
            return NULL;
        }
    }
    set->gatherings = &own;
    fiber_yield(FIBER_READY);
    for (struct gathering **at = &set->gatherings; *at; at = &(*at)->next) {
        if (*at == &own) {
            *at = own.next;
            break;
        }
    }
    return part;
}

void fiber_gather_end(struct fiber_part *parts)
{
    struct fibers *set = mine;

    for (struct fiber_part *p = parts->next; p; p = p->next) {
        p->fiber->parked = false;
        let_wait(set, p->fiber);
    }
    set->moved = true;
}

/* Until a lock is worth another try. It may be held by a fiber that could not go on after this one
 * if this one blocked on it: so it looks now and then instead. */
static void wait_for_lock(void)
{
    if (!fiber_yield(FIBER_WAITS))
        usleep(LOCK_WAIT_US);
}

void fiber_mutex_lock(pthread_mutex_t *lock)
{
    while (fiber_running() && pthread_mutex_trylock(lock))
        wait_for_lock();
    if (!fiber_running())
        pthread_mutex_lock(lock);
}

void fiber_read_lock(pthread_rwlock_t *lock)
{
    while (fiber_running() && pthread_rwlock_tryrdlock(lock))
        wait_for_lock();
    if (!fiber_running())
        pthread_rwlock_rdlock(lock);
}
