#include "handlers/s3/begin.h"

#include "handlers/s3/intake.h"
#include "server/base/encode.h"

/* --- presigned URLs --- */

/* Presigners move x-amz-* headers into the query. AWS: all but checksums mean there what they mean
 * as headers; a checksum was made by the presigner, of nothing. */
static bool is_hoisted(const char *name, size_t len)
{
    static const char *const others[] = {
        "x-amz-algorithm",      "x-amz-credential",     "x-amz-date",
        "x-amz-expires",        "x-amz-signature",      "x-amz-signedheaders",
        "x-amz-security-token", "x-amz-content-sha256", "x-amz-sdk-checksum-algorithm",
    };

    if (len < 6 || strncasecmp(name, "x-amz-", 6) != 0)
        return false;
    if (len > 15 && strncasecmp(name, "x-amz-checksum-", 15) == 0)
        return len == 19 && strncasecmp(name + 15, "mode", 4) == 0;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strlen(others[i]) == len && strncasecmp(others[i], name, len) == 0)
            return false;
    return true;
}

static size_t parameters(const char *query)
{
    size_t n = 1;

    for (; *query; query++)
        n += *query == '&';
    return n;
}

/* A header that was sent as such has the say. */
static void hoist(struct request *req)
{
    const char *at = req->query;
    struct header *headers;

    if (!strcasestr(at, "x-amz-"))
        return;
    headers = ARENA_ARRAY(&req->arena, struct header, req->header_count + parameters(at));
    if (req->header_count)
        memcpy(headers, req->headers, req->header_count * sizeof(*headers));
    req->headers = headers;
    while (*at) {
        size_t len = strcspn(at, "&"), name_len = MIN(strcspn(at, "="), len);
        const char *name = url_decode(&req->arena, at, name_len, true, NULL);
        const char *value = name_len < len ? url_decode(&req->arena, at + name_len + 1,
                                                        len - name_len - 1, true, NULL)
                                           : "";

        at += len + (at[len] == '&');
        if (name && value && is_hoisted(name, strlen(name)) && !value[strcspn(value, "\r\n")] &&
            !name[strcspn(name, "\r\n")] && !request_header(req, name))
            headers[req->header_count++] = (struct header){name, value};
    }
}

/* --- numbers --- */

/* AWS: a number that is none is an argument's fault, before anything else. */
static int check_numbers(struct request *req)
{
    static const char *const names[] = {"max-keys", "max-uploads", "max-parts",
                                        "part-number-marker", "partNumber"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = strstr(req->query, names[i]) ? request_query(req, names[i]) : NULL;
        char *end;
        long long number;

        if (!value || !*value)
            continue;
        errno = 0;
        number = strtoll(value, &end, 10);
        if (errno || *end || number < INT32_MIN || number > INT32_MAX)
            return s3_fail_argument(
                req, names[i], value,
                arena_printf(&req->arena, "Provided %s not an integer or within integer range",
                             names[i]));
    }
    return 0;
}

bool s3_resource(struct request *req, const char **out_bucket, const char **out_key)
{
    const char *path = request_resource(req);
    const char *slash = *path ? strchr(path + 1, '/') : NULL;

    if (!slash || !slash[1])
        return false;
    *out_bucket = url_decode(&req->arena, path + 1, (size_t)(slash - path - 1), false, NULL);
    *out_key = url_decode(&req->arena, slash + 1, strlen(slash + 1), false, NULL);
    return *out_bucket && *out_key;
}

int s3_begin(struct request *req)
{
    hoist(req);
    if (check_numbers(req))
        return -1;
    return s3_intake_begin(req);
}

/* AWS: the name in the path and the query decide what a request is, so without them it is none. */
static int fail_missing(struct request *req, const struct member *member)
{
    const char *name = model_text(req->service->model, member->wire_name);

    if (member->location == IN_HEADER)
        return aws_fail(req, &s3_InvalidRequest, "Missing required header for this request: %s",
                        name);
    return aws_fail(req, &s3_MethodNotAllowed,
                    "The specified method is not allowed against this resource.");
}

int s3_check_required(struct request *req, const void *in)
{
    const struct model *m = req->service->model;
    const struct shape *input = &m->shapes[req->operation->input - 1];

    for (uint32_t i = 0; req->operation->input && i < input->member_count; i++) {
        const struct member *member = &m->members[input->first_member + i];
        bool in_head = member->location == IN_HEADER || member->location == IN_QUERY ||
                       member->location == IN_URI;

        if (in_head && member->flags & MEMBER_REQUIRED &&
            !shape_is_set(m, &m->shapes[member->shape], (const char *)in + member->offset))
            return fail_missing(req, member);
    }
    return 0;
}
