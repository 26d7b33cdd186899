/*
 * A task takes what is ready in its source, ten at a time, and puts it where it belongs: into the
 * destination, or back into the queue that gave each message up. Each step is one write, so a task
 * that is interrupted goes on at the next start where it was.
 */
#include "handlers/sqs/mover.h"

#include "handlers/sqs/engine.h"
#include "server/background.h"

enum { SECOND_MS = 1000 };

struct mover {
    struct sqs *sqs;
    struct arena arena; /* of the task's texts */
    struct sqs_task task;
    struct sqs_queue *source;
};

/* --- one step --- */

struct step {
    struct sqs_take items[SQS_BATCH_MAX];
    struct sqs_moving moving[SQS_BATCH_MAX];
    size_t count;
};

static void claim(struct mover *m, struct arena *a, size_t max, struct step *step)
{
    struct sqs_queue *queue = m->source;
    int64_t now_ms = clock_now_ms(&m->sqs->app->clock);
    struct sqs_entry *found[SQS_BATCH_MAX];

    pthread_mutex_lock(&queue->lock);
    sqs_index_advance(queue->index, now_ms);
    step->count = sqs_index_take(queue->index, max,
                                 now_ms - (int64_t)queue->rules.retention_s * SECOND_MS, found);
    for (size_t i = 0; i < step->count; i++) {
        step->items[i] = (struct sqs_take){.number = found[i]->number};
        /* AWS: what is redriven is a new message. */
        step->moving[i] = (struct sqs_moving){
            .number = found[i]->number,
            .sent_ms = now_ms,
            .group = sqs_entry_group(found[i], a),
            .new_id = true,
        };
    }
    pthread_mutex_unlock(&queue->lock);
}

static void give_back(struct mover *m, const struct sqs_moving *moving, size_t count)
{
    pthread_mutex_lock(&m->source->lock);
    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = sqs_index_find(m->source->index, moving[i].number);

        if (e)
            sqs_index_untake(m->source->index, e);
    }
    pthread_cond_broadcast(&m->source->settled);
    pthread_mutex_unlock(&m->source->lock);
}

static enum store_status move_to(struct mover *m, const char *arn, const struct sqs_moving *moving,
                                 size_t count)
{
    struct sqs_queue *to;
    enum store_status rc = sqs_queue_hold_arn(m->sqs, arn, &to);

    if (rc != STORE_OK)
        return rc;
    rc = sqs_transfer(m->sqs, m->source, to, moving, count);
    sqs_queue_release(to);
    return rc;
}

/* Each message back to where it came from; what came from nowhere stays and ends the task. */
static enum store_status move_home(struct mover *m, struct arena *a, struct step *step,
                                   size_t *out_moved)
{
    enum store_status rc =
        sqs_store_peek(m->sqs->store, &m->source->ref, step->items, step->count, a);

    for (size_t i = 0; rc == STORE_OK && i < step->count; i++) {
        const char *home = step->items[i].content.source;

        rc = home ? move_to(m, home, &step->moving[i], 1) : STORE_NOT_FOUND;
        if (rc == STORE_OK)
            (*out_moved)++;
    }
    return rc;
}

/* Moves up to `max`; *out_moved tells how many. */
static enum store_status step(struct mover *m, size_t max, size_t *out_moved)
{
    struct step step;
    struct arena a;
    enum store_status rc = STORE_OK;

    *out_moved = 0;
    arena_init(&a);
    claim(m, &a, max, &step);
    if (step.count > 0 && m->task.destination) {
        rc = move_to(m, m->task.destination, step.moving, step.count);
        *out_moved = rc == STORE_OK ? step.count : 0;
    } else if (step.count > 0) {
        rc = move_home(m, &a, &step, out_moved);
    }
    give_back(m, step.moving + *out_moved, step.count - *out_moved);
    arena_release(&a);
    return rc;
}

/* --- the task --- */

static void end(struct mover *m, enum sqs_task_status status, const char *failure)
{
    sqs_store_task_end(m->sqs->store, m->task.id, status, failure);
}

static void move_all(struct mover *m, struct background_task *task)
{
    size_t at_once =
        m->task.rate > 0 ? MIN((size_t)m->task.rate, (size_t)SQS_BATCH_MAX) : (size_t)SQS_BATCH_MAX;
    enum sqs_task_status status = m->task.status;

    while (status == SQS_TASK_RUNNING && m->task.moved < m->task.to_move) {
        size_t left = (size_t)(m->task.to_move - m->task.moved);
        size_t moved;
        enum store_status rc = step(m, MIN(at_once, left), &moved);

        m->task.moved += (int64_t)moved;
        if (sqs_store_task_moved(m->sqs->store, m->task.id, m->task.moved, &status) != STORE_OK)
            return;
        if (rc != STORE_OK) {
            end(m, SQS_TASK_FAILED,
                rc == STORE_NOT_FOUND ? "AWS.SimpleQueueService.NonExistentQueue"
                                      : "InternalFailure");
            return;
        }
        if (moved == 0)
            break;
        if (m->task.rate > 0 &&
            background_sleep_ms(task, (int64_t)moved * SECOND_MS / m->task.rate))
            return; /* the next start goes on */
        if (background_stopping(task))
            return;
    }
    end(m, status == SQS_TASK_CANCELLING ? SQS_TASK_CANCELLED : SQS_TASK_COMPLETED, NULL);
}

static void run(struct background_task *task, void *context)
{
    struct mover *m = context;

    if (sqs_queue_hold_arn(m->sqs, m->task.source, &m->source) == STORE_OK) {
        move_all(m, task);
        sqs_queue_release(m->source);
    } else {
        end(m, SQS_TASK_FAILED, "AWS.SimpleQueueService.NonExistentQueue");
    }
    arena_release(&m->arena);
    free(m);
}

bool sqs_mover_start(struct sqs *q, const struct sqs_task *task)
{
    struct mover *m = x_calloc(1, sizeof(*m));

    m->sqs = q;
    arena_init(&m->arena);
    m->task = *task;
    m->task.source = arena_strdup(&m->arena, task->source);
    m->task.destination = task->destination ? arena_strdup(&m->arena, task->destination) : NULL;
    m->task.handle = NULL;
    m->task.failure = NULL;
    if (background_run(q->app->background, "sqs-move", run, m))
        return true;
    arena_release(&m->arena);
    free(m);
    return false;
}

void sqs_mover_resume(struct sqs *q)
{
    struct sqs_task *tasks;
    struct arena a;
    size_t count;

    arena_init(&a);
    if (sqs_store_tasks_active(q->store, SQS_TASKS_MAX, &a, &tasks, &count) == STORE_OK) {
        for (size_t i = 0; i < count; i++)
            sqs_mover_start(q, &tasks[i]);
    }
    arena_release(&a);
}
