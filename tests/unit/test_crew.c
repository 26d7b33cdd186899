#include "server/net/crew.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>

struct work {
    pthread_mutex_t lock;
    pthread_cond_t change;
    int running;
    int most;
    int ended;
    bool hold;
};

static void work_init(struct work *w, bool hold)
{
    *w = (struct work){.hold = hold};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->change, NULL);
}

static void do_work(void *context)
{
    struct work *w = context;

    pthread_mutex_lock(&w->lock);
    w->running++;
    w->most = MAX(w->most, w->running);
    pthread_cond_broadcast(&w->change);
    while (w->hold)
        pthread_cond_wait(&w->change, &w->lock);
    w->running--;
    w->ended++;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

static void wait_for(struct work *w, const int *value, int wanted)
{
    pthread_mutex_lock(&w->lock);
    while (*value != wanted)
        pthread_cond_wait(&w->change, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void let_go(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    w->hold = false;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

START_TEST(jobs_run_at_the_same_time_up_to_the_limit)
{
    enum { LIMIT = 20 };
    struct crew *crew = crew_new("test", LIMIT);
    struct work w;

    work_init(&w, true);
    for (int i = 0; i < LIMIT; i++)
        ck_assert(crew_run(crew, do_work, &w));
    ck_assert(!crew_run(crew, do_work, &w));
    wait_for(&w, &w.running, LIMIT); /* hangs if a job waits for another one */
    let_go(&w);
    wait_for(&w, &w.ended, LIMIT);
    crew_free(crew);
    ck_assert_int_eq(w.most, LIMIT);
}
END_TEST

START_TEST(idle_threads_take_further_jobs)
{
    struct crew *crew = crew_new("test", 2);
    struct work w;

    work_init(&w, false);
    for (int i = 1; i <= 2000; i++) {
        while (!crew_run(crew, do_work, &w))
            ; /* a worker that has done its job needs a moment to become idle */
        wait_for(&w, &w.ended, i);
    }
    crew_free(crew);
    ck_assert_int_eq(w.ended, 2000);
    ck_assert_int_le(w.most, 2);
}
END_TEST

START_TEST(the_end_waits_for_all_jobs)
{
    struct crew *crew = crew_new("test", 1000);
    struct work w;

    work_init(&w, false);
    for (int i = 0; i < 500; i++)
        ck_assert(crew_run(crew, do_work, &w));
    crew_free(crew);
    ck_assert_int_eq(w.ended, 500);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("crew");
    Suite *s = suite_create("crew");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, jobs_run_at_the_same_time_up_to_the_limit);
    tcase_add_test(c, idle_threads_take_further_jobs);
    tcase_add_test(c, the_end_waits_for_all_jobs);
    suite_add_tcase(s, c);
    return run_suite(s);
}
