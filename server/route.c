#include "server/route.h"

#include "server/base/encode.h"
#include "server/protocol/uri_template.h"
#include "server/service.h"
#include "server/virtual_host.h"

static const unsigned json_protocols = PROTOCOL_JSON_1_0 | PROTOCOL_JSON_1_1;
static const unsigned rest_protocols = PROTOCOL_REST_JSON | PROTOCOL_REST_XML;

/* AWS: so answers a REST service that knows no such path, and a query without Action. */
static const struct aws_error unknown_path = {
    .name = "UnknownOperationException",
    .code = "UnknownOperationException",
    .status = 404,
    .sender_fault = true,
};

static const struct aws_error method_not_allowed = {
    .name = "MethodNotAllowed",
    .code = "MethodNotAllowed",
    .status = 405,
    .sender_fault = true,
};

static const char *content_type(const struct request *req)
{
    const char *type = request_header(req, "content-type");

    return type ? type : "";
}

/* --- by target --- */

static unsigned protocol_of_target(const struct request *req)
{
    const char *type = content_type(req);
    unsigned protocol = PROTOCOL_JSON_1_1;

    if (strstr(type, "cbor"))
        protocol = PROTOCOL_AMZ_CBOR_1_1;
    else if (strstr(type, "json-1.0"))
        protocol = PROTOCOL_JSON_1_0;
    if (req->service && !(req->service->model->protocols & protocol)) {
        unsigned spoken = req->service->model->protocols & json_protocols;

        protocol = spoken & PROTOCOL_JSON_1_1 ? PROTOCOL_JSON_1_1 : PROTOCOL_JSON_1_0;
    }
    return protocol;
}

static const struct service *service_of_target(const char *target, size_t prefix_len)
{
    for (size_t i = 0; i < service_count; i++) {
        const struct model *m = service_registry[i]->model;

        if (m->target_prefix && strlen(m->target_prefix) == prefix_len &&
            memcmp(m->target_prefix, target, prefix_len) == 0)
            return service_registry[i];
    }
    return NULL;
}

/* X-Amz-Target: Kinesis_20131202.PutRecord */
static void route_by_target(struct request *req, const char *target)
{
    size_t prefix_len = strcspn(target, ".");

    req->service = target[prefix_len] ? service_of_target(target, prefix_len) : NULL;
    if (req->service) {
        const char *name = target + prefix_len + 1;

        req->operation = model_find_operation(req->service->model, name, strlen(name));
    }
    req->protocol = protocol_of_target(req);
}

const struct service *route_service_of_target(const char *target)
{
    return service_of_target(target, strcspn(target, ".\r\n"));
}

/* /service/<Name>/operation/<Operation> */
static void route_by_rpc_path(struct request *req)
{
    const char *name = req->path + strlen("/service/");
    size_t name_len = strcspn(name, "/");
    const char *operation = name + name_len;

    req->protocol = PROTOCOL_RPC_V2_CBOR;
    if (!str_starts(operation, "/operation/"))
        return;
    operation += strlen("/operation/");
    for (size_t i = 0; i < service_count; i++) {
        const struct model *m = service_registry[i]->model;

        if (m->protocols & PROTOCOL_RPC_V2_CBOR && m->service_id &&
            strlen(m->service_id) == name_len && memcmp(m->service_id, name, name_len) == 0) {
            req->service = service_registry[i];
            req->operation = model_find_operation(m, operation, strlen(operation));
            return;
        }
    }
}

/* --- by path --- */

/* How many members the operation wants in headers and query, or -1 when one of them is missing. */
static int wanted_members(const struct model *m, struct request *req, const struct operation *op)
{
    const struct shape *input = op->input ? &m->shapes[op->input - 1] : NULL;
    int wanted = 0;

    for (uint32_t i = 0; input && i < input->member_count; i++) {
        const struct member *member = &m->members[input->first_member + i];
        const char *name = model_text(m, member->wire_name);

        if (!(member->flags & MEMBER_REQUIRED))
            continue;
        if (member->location == IN_HEADER && !request_header(req, name))
            return -1;
        if (member->location == IN_QUERY && !request_query(req, name))
            return -1;
        wanted += member->location == IN_HEADER || member->location == IN_QUERY;
    }
    return wanted;
}

static bool is_built(const struct service *s, const struct operation *op)
{
    return s->handlers && s->model->has_handler(s->handlers, (uint16_t)(op - s->model->operations));
}

/* Of two operations of one template the one whose members are all there and more in number:
 * CopyObject is PutObject with a header, ListParts is GetObject with a parameter. Where that tells
 * nothing either, one is the old name of the other (PutBucketLifecycle), and only one is built. */
static bool fits_better(const struct service *s, struct request *req, const struct operation *op,
                        const struct operation *best)
{
    int wanted = wanted_members(s->model, req, op);
    int best_wanted = wanted_members(s->model, req, best);

    return wanted > best_wanted || (wanted == best_wanted && is_built(s, op) && !is_built(s, best));
}

/* The most special template that fits. */
static const struct operation *match_path(const struct service *s, struct request *req)
{
    const struct model *m = s->model;
    const struct operation *best = NULL;

    for (size_t i = 0; i < m->operation_count; i++) {
        const struct operation *op = &m->operations[i];
        const char *uri = model_text(m, op->uri);
        int order = 0;

        if (!str_eq(model_text(m, op->method), req->method) ||
            !uri_template_match(uri, request_resource(req), req->query, NULL))
            continue;
        if (best)
            order = uri_template_compare(uri, model_text(m, best->uri));
        if (!best || order < 0 || (order == 0 && fits_better(s, req, op, best)))
            best = op;
    }
    return best;
}

static void route_by_path(struct request *req, const struct service *s)
{
    req->service = s;
    req->protocol = s->model->protocols & rest_protocols;
    req->operation = match_path(s, req);
}

/* Services that share a scope (dynamodb and its streams, es and opensearch) differ in path. */
static bool route_by_scope(struct request *req, const char *scope)
{
    const struct service *first = NULL;

    for (size_t i = 0; i < service_count; i++) {
        const struct service *s = service_registry[i];

        if (!str_eq(s->model->scope, scope))
            continue;
        if (!first)
            first = s;
        if (s->model->protocols & rest_protocols) {
            route_by_path(req, s);
            if (req->operation)
                return true;
        }
    }
    if (!first)
        return false;
    req->service = first;
    req->protocol = first->model->protocols & (rest_protocols | PROTOCOL_QUERY);
    if (!req->protocol)
        req->protocol = first->model->protocols & json_protocols;
    return true;
}

static void route_unsigned(struct request *req)
{
    for (size_t i = 0; !req->resource && i < service_count; i++) {
        if (service_registry[i]->model->protocols & PROTOCOL_REST_JSON) {
            route_by_path(req, service_registry[i]);
            if (req->operation)
                return;
        }
    }
    req->service = NULL;
    req->protocol = PROTOCOL_REST_XML;
    route_by_scope(req, "s3"); /* an anonymous request for an object */
}

static bool is_form(const struct request *req)
{
    return str_starts(content_type(req), "application/x-www-form-urlencoded");
}

/* /123456789012/name: old clients send an operation on a queue to the queue's own URL. */
static bool is_queue_path(const char *path)
{
    return path[0] == '/' && strspn(path + 1, "0123456789") == 12 && path[13] == '/' &&
           path[14] != '\0' && !strchr(path + 14, '/');
}

/* Other services' requests may carry a form's content type too (curl sets it), but not to these
 * paths. */
static bool is_query_call(struct request *req)
{
    return !req->resource &&
           ((is_form(req) && (str_eq(req->path, "/") || is_queue_path(req->path))) ||
            request_query(req, "Action"));
}

/* The service of a scope, or where the request is unsigned of an API version; those are pairwise
 * distinct. */
static const struct service *query_service(const char *scope, const char *version)
{
    for (size_t i = 0; i < service_count; i++) {
        const struct model *m = service_registry[i]->model;

        if (!(m->protocols & PROTOCOL_QUERY))
            continue;
        if (scope[0] ? str_eq(m->scope, scope) : version && str_eq(m->api_version, version))
            return service_registry[i];
    }
    return NULL;
}

/* AWS puts links into messages (of SNS, to confirm and to unsubscribe) that name an action alone:
 * the host says the rest, which here is one for all. NULL when several services have that action.
 */
static const struct service *service_of_action(const char *action)
{
    const struct service *found = NULL;

    for (size_t i = 0; i < service_count; i++) {
        const struct model *m = service_registry[i]->model;

        if (!(m->protocols & PROTOCOL_QUERY) || !model_find_operation(m, action, strlen(action)))
            continue;
        if (found)
            return NULL;
        found = service_registry[i];
    }
    return found;
}

/* The Action stands in the form, which route_by_form() reads; until then the service is known by
 * its scope only. */
static bool route_as_query(struct request *req, const struct auth_result *auth)
{
    bool is_signed = auth->service[0] != '\0';
    const struct service *s = NULL;

    if (!is_query_call(req))
        return false;
    if (is_signed) {
        s = query_service(auth->service, NULL);
        if (!s)
            return false;
    }
    req->service = s;
    req->protocol = PROTOCOL_QUERY;
    return true;
}

/* --- paths that services have beside their operations --- */

static const struct service *service_of_own_path(const struct request *req)
{
    for (size_t i = 0; i < service_count; i++) {
        const char *path = service_registry[i]->own_path;
        size_t len = path ? strlen(path) : 0;

        if (path && strncmp(req->path, path, len) == 0 &&
            (req->path[len] == '\0' || req->path[len] == '/'))
            return service_registry[i];
    }
    return NULL;
}

bool route_is_own_path(const struct request *req)
{
    return service_of_own_path(req) != NULL;
}

static void route_own_path(struct request *req, const struct service *s)
{
    req->service = s;
    req->operation = model_find_operation(s->model, s->own_operation, strlen(s->own_operation));
    req->protocol = PROTOCOL_QUERY;
    if (strstr(content_type(req), "json"))
        req->protocol = s->model->protocols & json_protocols;
}

void route_by_head(struct request *req, const struct auth_result *auth)
{
    const char *target = request_header(req, "x-amz-target");
    const char *smithy = request_header(req, "smithy-protocol");
    const struct service *own = service_of_own_path(req);

    if (own)
        route_own_path(req, own);
    else if (smithy && str_eq(smithy, "rpc-v2-cbor") && str_starts(req->path, "/service/"))
        route_by_rpc_path(req);
    else if (target)
        route_by_target(req, target);
    else if (route_as_query(req, auth))
        return;
    else if (auth->service[0] == '\0')
        route_unsigned(req);
    else if (!route_by_scope(req, auth->service))
        req->protocol = is_query_call(req) ? PROTOCOL_QUERY : PROTOCOL_REST_JSON;
    if (virtual_host_is_website(req))
        req->operation = NULL;
}

/* --- by form --- */

static const char *form_value(struct request *req, const char *name)
{
    const char *cursor = (const char *)req->body.data, *end = cursor + req->body.len;
    struct uri_parameter p;

    while (is_form(req) && uri_parameter_next(&cursor, end, &p))
        if (p.name_len == strlen(name) && memcmp(p.name, name, p.name_len) == 0)
            return url_decode(&req->arena, p.value, p.value_len, true, NULL);
    return request_query(req, name);
}

static int route_by_form(struct request *req, const struct auth_result *auth)
{
    const char *action = form_value(req, "Action"), *version = form_value(req, "Version");

    req->service = query_service(auth->service, version);
    if (!action)
        return aws_fail(req, &unknown_path, "The request names no Action.");
    if (!req->service && !auth->service[0] && !version)
        req->service = service_of_action(action);
    if (req->service)
        req->operation = model_find_operation(req->service->model, action, strlen(action));
    if (!req->operation && req->service && req->service->sqs_words)
        return aws_fail(req, &aws_InvalidAction,
                        "The action %.100s is not valid for this endpoint.", action);
    if (!req->operation)
        return aws_fail(req, &aws_InvalidAction,
                        "Could not find operation %.100s for version %.32s", action,
                        version ? version : "NO_VERSION_SPECIFIED");
    return 0;
}

static bool is_known_scope(const char *scope)
{
    for (size_t i = 0; i < service_count; i++) {
        if (str_eq(service_registry[i]->model->scope, scope))
            return true;
    }
    return false;
}

static int fail_unknown(struct request *req, const struct auth_result *auth)
{
    const char *target = request_header(req, "x-amz-target");
    const unsigned by_target = json_protocols | PROTOCOL_AMZ_CBOR_1_1;
    const unsigned rpc = by_target | PROTOCOL_RPC_V2_CBOR;

    if (req->protocol & by_target && (req->service || is_known_scope(auth->service)))
        return aws_fail(req, &aws_UnknownOperationException, "%s", ""); /* AWS: no message */
    if (req->protocol & PROTOCOL_RPC_V2_CBOR)
        return aws_fail(req, &aws_UnknownOperationException, "There is no operation %.200s.",
                        req->path);
    if (target)
        return aws_fail(req, &aws_UnknownOperationException, "There is no operation %.200s.",
                        target);
    if (req->protocol & rpc)
        return aws_fail(req, &aws_UnknownOperationException,
                        "The request names no operation in X-Amz-Target.");
    if (!req->service && auth->service[0])
        return aws_fail(req, &cadabra_NotImplemented,
                        "cadabra has no service %.100s yet; `cadabra ops` lists what works.",
                        auth->service);
    if (req->service && req->protocol == PROTOCOL_REST_XML)
        return aws_fail(req, &method_not_allowed,
                        "The specified method is not allowed against this resource.");
    return aws_fail(req, &unknown_path, "There is no operation %.16s %.200s.", req->method,
                    req->path);
}

int route_by_body(struct request *req, const struct auth_result *auth)
{
    /* A path of a service's own is asked for with GET, too: then all stands in the query. */
    if (req->body.len == 0 && req->protocol & json_protocols && route_is_own_path(req))
        req->body = (struct bytes){(const uint8_t *)"{}", 2};
    if (req->protocol == PROTOCOL_QUERY && !req->operation && (req->service || !auth->service[0]))
        return route_by_form(req, auth);
    return req->operation ? 0 : fail_unknown(req, auth);
}
