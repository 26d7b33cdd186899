/*
 * Reads what a request says of its signature, in any of the forms that AWS clients use.
 *
 * Nothing here judges: a key, a region or a service may be anything. What AWS would refuse as
 * malformed is noted in the result's `problem`, the first fault only, and the fields that could not
 * be read stay empty texts.
 */
#include "server/auth/auth.h"

#include "server/base/clock.h"
#include "server/base/encode.h"

static const char V4_HMAC[] = "AWS4-HMAC-SHA256";
static const char V4_ECDSA[] = "AWS4-ECDSA-P256-SHA256";

static void note_problem(struct auth_result *out, const char *problem)
{
    if (!out->problem)
        out->problem = problem;
}

/* AWS: the header is not repeated in the message, only its hash, so that it can be told from
 * others. */
static const char *hashed(struct arena *a, const char *text)
{
    uint8_t digest[SHA256_LEN];
    char *out = arena_alloc(a, BASE64_LEN(SHA256_LEN) + 1);

    sha256(text, strlen(text), digest);
    base64_encode(digest, sizeof(digest), out);
    return out;
}

/* key/date/region/service/aws4_request, read from the right, for a key may hold a slash. Version
 * 4A: no region. */
static void read_credential(struct arena *a, const char *credential, bool has_region,
                            struct auth_result *out)
{
    char *text = arena_strdup(a, credential);
    char *parts[4] = {NULL};
    size_t wanted = has_region ? 4 : 3;

    out->access_key = text;
    for (size_t i = 0; i < wanted; i++) {
        char *slash = strrchr(text, '/');

        if (!slash) {
            note_problem(out, arena_printf(a,
                                           "Credential must have exactly %zu slash-delimited "
                                           "elements, e.g. keyid/date/%sservice/term, got '%s'",
                                           wanted + 1, has_region ? "region/" : "", credential));
            return;
        }
        *slash = '\0';
        parts[i] = slash + 1;
    }
    out->scope = credential + strlen(text) + 1;
    out->service = parts[1];
    out->region = has_region ? parts[2] : "";
    out->date = has_region ? parts[3] : parts[2];
    if (!str_eq(parts[0], "aws4_request"))
        note_problem(out, arena_printf(a,
                                       "Credential should be scoped with a valid terminator: "
                                       "'aws4_request', not '%s'.",
                                       parts[0]));
}

/* Version 4A signs for a set of regions; the first one that is named stands for the request. */
static void read_region_set(struct arena *a, const char *set, struct auth_result *out)
{
    size_t len = set ? strcspn(set, ", ") : 0;

    if (len > 0 && set[0] != '*')
        out->region = arena_strndup(a, set, len);
}

/* X-Amz-Date, else Date in any of the forms of HTTP, brought into the form that is signed. */
static const char *read_timestamp(struct request *req)
{
    const char *amz = request_header(req, "x-amz-date");
    const char *date = request_header(req, "date");
    char text[TIME_TEXT_MAX];
    int64_t ms;

    if (amz)
        return amz;
    if (!date)
        return NULL;
    if (!time_parse_http(date, &ms))
        return date;
    time_basic(ms, text);
    return arena_strdup(&req->arena, text);
}

/* "Credential=..., SignedHeaders=..., Signature=...": AWS takes commas with or without blanks. */
static void read_parameters(struct arena *a, const char *header, const char *parameters,
                            const char **out_credential, struct auth_result *out)
{
    char *rest = arena_strdup(a, parameters);

    for (char *pair; (pair = strsep(&rest, ", \t"));) {
        char *equals = strchr(pair, '=');

        if (!*pair)
            continue;
        if (!equals) {
            note_problem(out, arena_printf(a,
                                           "Invalid key=value pair (missing equal-sign) in "
                                           "Authorization header (hashed with SHA-256 and encoded "
                                           "with Base64): '%s'.",
                                           hashed(a, header)));
            continue;
        }
        *equals = '\0';
        if (str_eq(pair, "Credential"))
            *out_credential = equals + 1;
        else if (str_eq(pair, "SignedHeaders"))
            out->signed_headers = equals + 1;
        else if (str_eq(pair, "Signature"))
            out->signature = equals + 1;
    }
}

static void note_missing(struct arena *a, const char *header, bool credential,
                         struct auth_result *out)
{
    struct strbuf text = STRBUF_INIT(1024);

    if (!credential)
        strbuf_add_text(&text, "Authorization header requires 'Credential' parameter. ");
    if (!*out->signature)
        strbuf_add_text(&text, "Authorization header requires 'Signature' parameter. ");
    if (!*out->signed_headers)
        strbuf_add_text(&text, "Authorization header requires 'SignedHeaders' parameter. ");
    if (!out->timestamp)
        strbuf_add_text(&text, "Authorization header requires existence of either a 'X-Amz-Date' "
                               "or a 'Date' header. ");
    if (text.len > 0)
        note_problem(out, arena_printf(a,
                                       "%s(Hashed with SHA-256 and encoded with Base64) "
                                       "Authorization=%s",
                                       text.data, hashed(a, header)));
    strbuf_release(&text);
}

static void parse_v4_header(struct request *req, const char *header, struct auth_result *out)
{
    const char *credential = NULL;
    bool has_region = out->kind == AUTH_V4_HEADER;

    out->timestamp = read_timestamp(req);
    out->session_token = request_header(req, "x-amz-security-token");
    read_parameters(&req->arena, header, header + strcspn(header, " \t"), &credential, out);
    note_missing(&req->arena, header, credential != NULL, out);
    if (credential)
        read_credential(&req->arena, credential, has_region, out);
    if (!has_region)
        read_region_set(&req->arena, request_header(req, "x-amz-region-set"), out);
}

static void parse_v4_query(struct request *req, struct auth_result *out)
{
    static const char *const needed[] = {"X-Amz-Credential", "X-Amz-Signature",
                                         "X-Amz-SignedHeaders", "X-Amz-Date"};
    const char *values[ARRAY_LEN(needed)];
    bool has_region = out->kind == AUTH_V4_QUERY;

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        values[i] = request_query(req, needed[i]);
        if (!values[i])
            note_problem(out, "AWS query-string parameters must include 'X-Amz-Algorithm', "
                              "'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders' and "
                              "'X-Amz-Date'.");
    }
    out->signature = values[1] ? values[1] : "";
    out->signed_headers = values[2] ? values[2] : "";
    out->timestamp = values[3];
    out->session_token = request_query(req, "X-Amz-Security-Token");
    out->expires = request_query(req, "X-Amz-Expires");
    if (values[0])
        read_credential(&req->arena, values[0], has_region, out);
    if (!has_region)
        read_region_set(&req->arena, request_query(req, "X-Amz-Region-Set"), out);
}

/* AWS key:signature. A key may hold a colon, base64 can't. */
static void parse_v2_header(struct request *req, const char *header, struct auth_result *out)
{
    const char *text = header + 4 + strspn(header + 4, " ");
    const char *colon = strrchr(text, ':');

    out->timestamp = read_timestamp(req);
    out->session_token = request_header(req, "x-amz-security-token");
    if (!colon) {
        note_problem(out,
                     "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature");
        return;
    }
    out->access_key = arena_strndup(&req->arena, text, (size_t)(colon - text));
    out->signature = colon + 1;
    out->service = "s3";
}

static void parse_v2_query(struct request *req, const char *key, const char *signature,
                           struct auth_result *out)
{
    out->access_key = key;
    out->signature = signature;
    out->expires = request_query(req, "Expires");
    out->session_token = request_query(req, "x-amz-security-token");
    out->service = "s3";
    if (!out->expires)
        note_problem(out, "Query-string authentication requires the Signature, Expires and "
                          "AWSAccessKeyId parameters");
}

static bool has_scheme(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncmp(header, scheme, len) == 0 && (header[len] == ' ' || header[len] == '\t');
}

static void parse_header(struct request *req, const char *header, struct auth_result *out)
{
    if (has_scheme(header, V4_HMAC) || has_scheme(header, V4_ECDSA)) {
        out->kind = has_scheme(header, V4_HMAC) ? AUTH_V4_HEADER : AUTH_V4A_HEADER;
        parse_v4_header(req, header, out);
    } else if (has_scheme(header, "AWS")) {
        out->kind = AUTH_V2_HEADER;
        parse_v2_header(req, header, out);
    } else {
        out->kind = AUTH_OTHER;
        if (str_starts(header, "AWS4-"))
            note_problem(out, "Unsupported AWS 'algorithm' in the Authorization header.");
    }
}

static void parse_query(struct request *req, struct auth_result *out)
{
    const char *algorithm;
    const char *key;
    const char *signature;

    if (!*req->query)
        return;
    if ((algorithm = request_query(req, "X-Amz-Algorithm"))) {
        out->kind = str_eq(algorithm, V4_ECDSA) ? AUTH_V4A_QUERY : AUTH_V4_QUERY;
        if (out->kind == AUTH_V4_QUERY && !str_eq(algorithm, V4_HMAC))
            note_problem(out, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and "
                              "AWS4-ECDSA-P256-SHA256\"");
        parse_v4_query(req, out);
    } else if ((key = request_query(req, "AWSAccessKeyId")) &&
               (signature = request_query(req, "Signature")) && !request_query(req, "Action")) {
        /* With Action= it is the old signature of a query service (SignatureVersion=2), which AWS
         * dropped. */
        out->kind = AUTH_V2_QUERY;
        parse_v2_query(req, key, signature, out);
    }
}

void auth_parse(struct request *req, struct auth_result *out)
{
    const char *header = request_header(req, "authorization");

    *out = (struct auth_result){.kind = AUTH_NONE,
                                .access_key = "",
                                .date = "",
                                .region = "",
                                .service = "",
                                .scope = "",
                                .signed_headers = "",
                                .signature = ""};
    if (header && *header)
        parse_header(req, header, out);
    else
        parse_query(req, out);
}
