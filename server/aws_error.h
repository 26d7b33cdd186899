/*
 * How a handler fails: `return aws_fail(req, &kinesis_ResourceNotFoundException, "Stream %s ...",
 * name);` and the errors that every service shares.
 */
#ifndef CADABRA_AWS_ERROR_H
#define CADABRA_AWS_ERROR_H

#include "server/net/request.h"

/* Always returns -1. The text is formatted into the request's arena; the first failure wins. */
int aws_fail(struct request *req, const struct aws_error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same for an error with members of its own; members is its generated struct, of request
 * lifetime. */
int aws_fail_with(struct request *req, const struct aws_error *error, const void *members,
                  const char *format, ...) PRINTF_LIKE(4, 5);
/* After a failure, with it: what its XML says beside code and message, and headers of its answer.
 * Both are borrowed for the life of the request. Beyond FAILURE_DETAILS_MAX they are dropped. */
void aws_fail_detail(struct request *req, const char *name, const char *value);
void aws_fail_header(struct request *req, const char *name, const char *value);
/* A fault of ours (a store that failed): 500 InternalFailure. The cause is in the log already. */
int aws_fail_internal(struct request *req);
/* A parameter that is understood and not built: refused by name, never ignored. */
int aws_fail_unsupported(struct request *req, const char *parameter);

/* For compilers and analysers, which cannot see into the functions: none of them returns 0. */
#define aws_fail(...)                                                                              \
    ({                                                                                             \
        (aws_fail)(__VA_ARGS__);                                                                   \
        -1;                                                                                        \
    })
#define aws_fail_with(...)                                                                         \
    ({                                                                                             \
        (aws_fail_with)(__VA_ARGS__);                                                              \
        -1;                                                                                        \
    })
#define aws_fail_internal(req)                                                                     \
    ({                                                                                             \
        (aws_fail_internal)(req);                                                                  \
        -1;                                                                                        \
    })
#define aws_fail_unsupported(req, parameter)                                                       \
    ({                                                                                             \
        (aws_fail_unsupported)((req), (parameter));                                                \
        -1;                                                                                        \
    })

/* https://docs.aws.amazon.com/ "Common Errors", as each service's page lists them. */
extern const struct aws_error aws_ValidationException; /* 400 */
extern const struct aws_error aws_ValidationError;     /* 400, the query protocol's name for it */
extern const struct aws_error aws_SerializationException;    /* 400 */
extern const struct aws_error aws_UnknownOperationException; /* 400 */
extern const struct aws_error aws_InvalidAction;             /* 400, query */
extern const struct aws_error aws_AccessDeniedException;     /* 400 in JSON 1.x, 403 elsewhere */
extern const struct aws_error aws_SignatureDoesNotMatch;     /* 403 */
extern const struct aws_error aws_InternalFailure;           /* 500 */
extern const struct aws_error aws_RequestEntityTooLarge;     /* 413 */
/* 501 in every protocol: AWS has the operation, cadabra has not built it. */
extern const struct aws_error cadabra_NotImplemented;

#endif
