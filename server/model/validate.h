/*
 * The constraints of a model, checked on the decoded input of an operation before its handler runs.
 *
 * A handler may rely on what the model says: required members are there, lengths, ranges, patterns
 * and enums hold, no list without nulls holds one, and a union has exactly one member.
 */
#ifndef CADABRA_VALIDATE_H
#define CADABRA_VALIDATE_H

#include "server/net/request.h"

/*
 * in is the operation's input struct. 0, or -1 after aws_fail() with all failures in AWS's words:
 *
 *   1 validation error detected: Value 'x' at 'streamName' failed to satisfy constraint: Member
 * must have length less than or equal to 128
 *
 * The error is the model's own validation_error, or ValidationException (query: ValidationError).
 */
int validate_input(struct request *req, const struct model *m, const struct operation *op,
                   const void *in);

/* How many failures a message tells of; AWS stops there. */
enum { VALIDATION_FAILURES_MAX = 10 };

#endif
