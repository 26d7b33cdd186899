/* Failures are noted in the request, once: the first one is the cause, what follows are its
 * consequences. */
#include "server/aws_error.h"

#include "server/service.h"

#define COMMON_ERROR(identifier, error_code, http_status, sender)                                  \
    const struct aws_error identifier = {                                                          \
        .name = (error_code),                                                                      \
        .code = (error_code),                                                                      \
        .status = (http_status),                                                                   \
        .sender_fault = (sender),                                                                  \
    }

COMMON_ERROR(aws_ValidationException, "ValidationException", 400, true);
COMMON_ERROR(aws_ValidationError, "ValidationError", 400, true);
COMMON_ERROR(aws_SerializationException, "SerializationException", 400, true);
COMMON_ERROR(aws_UnknownOperationException, "UnknownOperationException", 400, true);
COMMON_ERROR(aws_InvalidAction, "InvalidAction", 400, true);
COMMON_ERROR(aws_AccessDeniedException, "AccessDeniedException", 403, true);
COMMON_ERROR(aws_SignatureDoesNotMatch, "SignatureDoesNotMatch", 403, true);
COMMON_ERROR(aws_InternalFailure, "InternalFailure", 500, false);
COMMON_ERROR(aws_RequestEntityTooLarge, "RequestEntityTooLarge", 413, true);
COMMON_ERROR(cadabra_NotImplemented, "NotImplemented", 501, false);

/* AWS: the JSON 1.x services answer AccessDeniedException with 400, all others with 403. */
static COMMON_ERROR(access_denied_json, "AccessDeniedException", 400, true);

/* AWS: S3's names for them. */
static COMMON_ERROR(internal_error_xml, "InternalError", 500, false);
static COMMON_ERROR(too_large_xml, "EntityTooLarge", 400, true);

static const struct aws_error *in_protocol(const struct request *req, const struct aws_error *error)
{
    const unsigned json = PROTOCOL_JSON_1_0 | PROTOCOL_JSON_1_1 | PROTOCOL_AMZ_CBOR_1_1;

    if (error == &aws_AccessDeniedException && req->protocol & json)
        return &access_denied_json;
    if (error == &aws_InternalFailure && req->protocol & PROTOCOL_REST_XML)
        return &internal_error_xml;
    if (error == &aws_RequestEntityTooLarge && req->protocol & PROTOCOL_REST_XML)
        return &too_large_xml;
    return error;
}

static int fail(struct request *req, const struct aws_error *error, const void *members,
                const char *message)
{
    if (!req->failure.error)
        req->failure = (struct failure){
            .error = in_protocol(req, error), .message = message, .members = members};
    return -1;
}

int(aws_fail)(struct request *req, const struct aws_error *error, const char *format, ...)
{
    va_list arguments;
    const char *message;

    va_start(arguments, format);
    message = arena_vprintf(&req->arena, format, arguments);
    va_end(arguments);
    return fail(req, error, NULL, message);
}

int(aws_fail_with)(struct request *req, const struct aws_error *error, const void *members,
                   const char *format, ...)
{
    va_list arguments;
    const char *message;

    va_start(arguments, format);
    message = arena_vprintf(&req->arena, format, arguments);
    va_end(arguments);
    return fail(req, error, members, message);
}

static void add_detail(struct request *req, const char *name, const char *value, bool header)
{
    struct failure *f = &req->failure;

    if (value && f->detail_count < FAILURE_DETAILS_MAX)
        f->details[f->detail_count++] =
            (struct failure_detail){.name = name, .value = value, .header = header};
}

void aws_fail_detail(struct request *req, const char *name, const char *value)
{
    add_detail(req, name, value, false);
}

void aws_fail_header(struct request *req, const char *name, const char *value)
{
    add_detail(req, name, value, true);
}

int(aws_fail_internal)(struct request *req)
{
    return fail(req, &aws_InternalFailure, NULL,
                "The request processing has failed because of an unknown error, exception or "
                "failure.");
}

int(aws_fail_unsupported)(struct request *req, const char *parameter)
{
    const struct model *m = req->service->model;

    assert(req->operation); /* only handlers call this */
    return aws_fail(req, &cadabra_NotImplemented,
                    "cadabra has not built %s of %s:%s yet, and does not ignore it.", parameter,
                    m->service, model_text(m, req->operation->name));
}
