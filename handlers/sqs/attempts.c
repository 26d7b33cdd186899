#include "handlers/sqs/attempts.h"

static void drop(struct sqs_attempts *list, struct sqs_attempt **link)
{
    struct sqs_attempt *a = *link;

    *link = a->next;
    list->count--;
    free(a->id);
    free(a);
}

/* The newest stands first: from the first that is too old, or one too many, all go. */
static void drop_old(struct sqs_attempts *list, int64_t now_ms)
{
    struct sqs_attempt **link = &list->newest;
    size_t kept = 0;

    while (*link && (*link)->at_ms > now_ms - SQS_ATTEMPT_MS && kept < SQS_ATTEMPTS_MAX) {
        link = &(*link)->next;
        kept++;
    }
    while (*link)
        drop(list, link);
}

const struct sqs_attempt *sqs_attempts_find(struct sqs_attempts *list, const char *id,
                                            int64_t now_ms)
{
    drop_old(list, now_ms);
    for (const struct sqs_attempt *a = list->newest; a; a = a->next) {
        if (str_eq(a->id, id))
            return a;
    }
    return NULL;
}

void sqs_attempts_note(struct sqs_attempts *list, const struct sqs_attempt *like)
{
    struct sqs_attempt *a = x_malloc(sizeof(*a));

    for (struct sqs_attempt **link = &list->newest; *link; link = &(*link)->next) {
        if (str_eq((*link)->id, like->id)) {
            drop(list, link);
            break;
        }
    }
    *a = *like;
    a->id = x_strdup(like->id);
    a->next = list->newest;
    list->newest = a;
    list->count++;
    drop_old(list, like->at_ms);
}

void sqs_attempts_release(struct sqs_attempts *list)
{
    while (list->newest)
        drop(list, &list->newest);
}
