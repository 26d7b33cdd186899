/*
 * What a service is to the server: its model, its handlers and its life. Services are listed by
 * hand in registry.c; the server knows nothing else of them.
 */
#ifndef CADABRA_SERVICE_H
#define CADABRA_SERVICE_H

#include "server/auth/credential.h"
#include "server/aws_error.h"
#include "server/protocol/protocol.h"

enum { CORS_HEADERS_MAX = 8 };

/* What an answer says to the browser of a page that may read it. */
struct cors_answer {
    struct response_header headers[CORS_HEADERS_MAX];
    size_t count;
};

/* What x-amzn-RequestId looks like. */
enum request_id_form {
    REQUEST_ID_UUID,
    REQUEST_ID_ALNUM_52, /* 52 of 0-9A-Z: DynamoDB */
};

struct service {
    const struct model *model;
    const void *handlers; /* const struct <service>_handlers * */

    /* Opens the service's state (its store, its background work) when the server starts, and after
     * a reset. Must cost next to nothing while the data directory holds nothing of the service.
     * NULL on failure, after logging why. A service without state leaves these NULL. */
    void *(*open)(struct app *app);
    void (*close)(void *state);
    /* When all services are open: starts background work that uses those that open later than this
     * one. NULL: nothing to do. */
    void (*start)(void *state);

    /* How JSON errors name their type: prefix of __type, or NULL for the bare name. DynamoDB has
     * one per kind of error, hence a function. */
    const char *(*error_type)(const struct request *req, const struct aws_error *error);
    enum json_words json_words; /* how a JSON value of the wrong type is refused */
    bool crc32_header;          /* W10: x-amz-crc32 on every answer */
    enum request_id_form request_id_form;
    bool sqs_words;  /* query protocol: errors end with an empty Detail; how an unknown Action is
                        told */
    size_t id_2_len; /* bytes of x-amz-id-2 beside the request id: Kinesis, S3; 0: none */
    bool xml_times_with_ms; /* times in XML have milliseconds, be they 0, too: S3 */

    /* Replaces the model's validator where AWS's order or words are the service's own; NULL: the
     * validator. */
    int (*validate)(struct request *req, const void *in);

    /* For services that give out access keys: what is known of this one. False when it is none of
     * theirs. `out` borrows from the arena. Thread-safe. NULL for all others. */
    bool (*find_credential)(void *state, const char *access_key, struct arena *a,
                            struct credential *out);

    /* For services whose bodies stream: with the head of a request whose operation is known, before
     * its body. May add filters and change how the body is kept, must not block or touch the
     * service's state. -1 after aws_fail(). NULL: nothing to do. */
    int (*begin)(struct request *req);
    /* To a client that waits with its body (Expect: 100-continue): may refuse the request before
     * the body is sent, by -1 after aws_fail(). Called inside the gate, after begin; it may read
     * the service's state. NULL: all are asked for their bodies. */
    int (*precheck)(struct request *req);
    /* Answers what no operation of the model describes (a form posted to S3, a preflight to a
     * bucket). False when it is not for the service either. Called inside the gate with the whole
     * body; req->operation is NULL. It may fail the request instead. NULL for others. */
    bool (*answer_other)(struct request *req);

    /* For services whose resources have CORS rules: may the page of another origin that sends this
     * read the answer? If so, the headers that say so, which go with errors, too. Called inside the
     * gate before anything else; not for preflights, which are answer_other's. NULL for others. */
    bool (*cors)(struct request *req, struct cors_answer *out);

    /* The names, with a NULL behind, of operations that do little and wait for nothing but a commit
     * of sql_write(): they are run as fibers (server/base/fiber.h) in a thread that serves many
     * connections. Locks that they take and that others hold while they wait are taken with the
     * functions of that header. NULL where each request had better have a thread. */
    const char *const *quick;

    size_t body_max; /* largest request body; 0: 16 MiB */
    /* What a larger one is refused with, in Lambda's words; NULL: with ours. */
    const struct aws_error *body_error;

    /* For services that give out URLs of their own: answers a path below /_cadabra/<service>/ or
     * /_aws/<service>/.
     * False when there is nothing. Called where it may block, inside the gate. NULL for others. */
    bool (*answer_own)(struct request *req);

    /* For services that give out host names of their own (function URLs): whether a request is for
     * one of them, by the form of its Host and path alone, whatever else it looks like; and its
     * answer. Such a request meets neither routing nor guard nor codecs; it is answered inside the
     * gate, and must be answered whatever failed before (req->failure, req->body_state). NULL for
     * others. */
    bool (*is_own_address)(const struct request *req);
    void (*answer_own_address)(struct request *req);
    /* A path of the service's own, and all below it, that is answered as this operation is: in JSON
     * for who speaks it, else as the query protocol does. NULL for others. */
    const char *own_path;
    const char *own_operation;

    /* What must not run in the server's own process (code of users that may hang or crash): the
     * service starts this program again as `cadabra helper <service>`, and that calls this. Returns
     * the process's exit code. NULL for others. */
    int (*helper)(void);
};

/* The state that service->open returned. Other services reach it through the typed accessor in the
 * service's public header (struct kinesis *kinesis_of(struct app *)). */
void *service_state(struct app *app, const struct service *service);

extern const struct service *const service_registry[];
extern const size_t service_count;

#endif
