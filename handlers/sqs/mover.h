/* Carries out the tasks that move messages out of dead-letter queues, each in the background. */
#ifndef CADABRA_SQS_MOVER_H
#define CADABRA_SQS_MOVER_H

#include "handlers/sqs/live.h"

/* Starts a task that is noted in the store; false when no thread is to be had. */
bool sqs_mover_start(struct sqs *q, const struct sqs_task *task);
/* Goes on with the tasks that were active when the server was stopped. */
void sqs_mover_resume(struct sqs *q);

#endif
