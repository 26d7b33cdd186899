/*
 * Objects that a browser's form uploads.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 *
 * The fields of the form stand for the headers of a PUT: they become the request's headers, and the
 * object is made as PutObject makes it.
 */
#include "handlers/s3/configuration.h"
#include "handlers/s3/copy.h"
#include "handlers/s3/customer_key.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/other.h"
#include "handlers/s3/post_policy.h"
#include "handlers/s3/tagging.h"
#include "server/auth/auth.h"
#include "server/base/clock.h"
#include "server/base/encode.h"
#include "server/keep.h"

/* --- the form --- */

static int read_form(struct request *req, struct s3_form *out)
{
    switch (s3_form_read(&req->arena, request_header(req, "content-type"), req->body, out)) {
    case S3_FORM_OK:
        break;
    case S3_FORM_TOO_LARGE:
        return aws_fail(req, &s3_MaxPostPreDataLengthExceededError,
                        "Your POST request fields preceding the upload file were too large.");
    default:
        return aws_fail(req, &s3_MalformedPOSTRequest,
                        "The body of your POST request is not well-formed multipart/form-data.");
    }
    if (!out->has_file)
        return s3_fail_argument(req, "file", "0",
                                "POST requires exactly one file upload per request.");
    if (!s3_form_value(out, "key"))
        return s3_fail_argument(
            req, "key", NULL,
            "Bucket POST must contain a field named 'key'.  If it is specified, "
            "please check the order of the fields.");
    return 0;
}

/* ${filename} in the key becomes the name of the file. */
static const char *real_key(struct arena *a, const struct s3_form *form)
{
    static const char mark[] = "${filename}";
    const char *key = s3_form_value(form, "key");
    const char *at = strstr(key, mark);

    if (!at)
        return key;
    return arena_printf(a, "%.*s%s%s", (int)(at - key), key, form->filename, at + strlen(mark));
}

/* --- who, and may they --- */

static int use_signature(struct request *req, const struct s3_form *form)
{
    struct auth_form signature = {
        .policy = s3_form_value(form, "policy"),
        .algorithm = s3_form_value(form, "x-amz-algorithm"),
        .credential = s3_form_value(form, "x-amz-credential"),
        .date = s3_form_value(form, "x-amz-date"),
        .signature = s3_form_value(form, "x-amz-signature"),
        .access_key = s3_form_value(form, "awsaccesskeyid"),
        .signature_v2 = s3_form_value(form, "signature"),
        .session_token = s3_form_value(form, "x-amz-security-token"),
    };

    return auth_use_form(req, &signature);
}

static int check_size(struct request *req, const struct s3_post_policy *policy, size_t size)
{
    const char *limit;

    if (!policy->has_range)
        return 0;
    if ((int64_t)size < policy->size_min) {
        limit = arena_printf(&req->arena, "%" PRId64, policy->size_min);
        aws_fail(req, &s3_EntityTooSmall,
                 "Your proposed upload is smaller than the minimum allowed size");
        aws_fail_detail(req, "MinSizeAllowed", limit);
    } else if ((int64_t)size > policy->size_max) {
        limit = arena_printf(&req->arena, "%" PRId64, policy->size_max);
        aws_fail(req, &s3_EntityTooLarge, "Your proposed upload exceeds the maximum allowed size");
        aws_fail_detail(req, "MaxSizeAllowed", limit);
    } else {
        return 0;
    }
    aws_fail_detail(req, "ProposedSize", arena_printf(&req->arena, "%zu", size));
    return -1;
}

static int check_policy(struct request *req, const struct s3_form *form, const char *bucket,
                        const char *key)
{
    const char *text = s3_form_value(form, "policy");
    struct s3_post_policy policy;
    const char *problem;

    if (!text)
        return 0;
    problem = s3_post_policy_read(&req->arena, text, &policy);
    if (problem)
        return aws_fail(req, &s3_InvalidPolicyDocument, "%s", problem);
    if (policy.expires_ms < clock_now_ms(&req->app->clock))
        return aws_fail(req, &s3_AccessDenied, "Invalid according to Policy: Policy expired.");
    problem = s3_post_policy_refusal(&req->arena, &policy, form, bucket, key);
    if (problem)
        return aws_fail(req, &s3_AccessDenied, "%s", problem);
    return check_size(req, &policy, form->file.len);
}

/* --- fields as headers --- */

/* <Tagging><TagSet>...: as the header says it. */
static int tagging_header(struct request *req, const char *xml, const char **out)
{
    struct s3_Tagging tagging = {0};
    struct s3_pairs tags;
    const char *text = "";

    if (!keep_read_xml(&req->arena, &s3_model, "Tagging", xml, &tagging))
        return s3_fail_malformed_xml(req);
    if (s3_tags_of_set(req, &tagging.TagSet, S3_OBJECT_TAGS_MAX, &tags))
        return -1;
    for (size_t i = 0; i < tags.count; i++)
        text = arena_printf(
            &req->arena, "%s%s%s=%s", text, i ? "&" : "",
            url_encode(&req->arena, tags.items[i].name, strlen(tags.items[i].name), false),
            url_encode(&req->arena, tags.items[i].value, strlen(tags.items[i].value), false));
    *out = text;
    return 0;
}

static const char *header_of_field(const char *name)
{
    static const char *const same[] = {"Cache-Control",       "Content-Type",
                                       "Content-Disposition", "Content-Encoding",
                                       "Content-Language",    "Expires"};

    if (strcasecmp(name, "acl") == 0)
        return "x-amz-acl";
    if (strncasecmp(name, "x-amz-", 6) == 0)
        return name;
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (strcasecmp(same[i], name) == 0)
            return same[i];
    return NULL;
}

static int use_fields(struct request *req, const struct s3_form *form)
{
    static const char *const kept[] = {"host", "origin", "referer", "user-agent"};
    struct header *headers =
        ARENA_ARRAY(&req->arena, struct header, form->field_count + ARRAY_LEN(kept) + 1);
    const char *tagging = s3_form_value(form, "tagging");
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (request_header(req, kept[i]))
            headers[count++] = (struct header){kept[i], request_header(req, kept[i])};
    for (size_t i = 0; i < form->field_count; i++) {
        const char *name = header_of_field(form->fields[i].name);

        if (name && !form->fields[i].value[strcspn(form->fields[i].value, "\r\n")])
            headers[count++] = (struct header){name, form->fields[i].value};
    }
    if (tagging) {
        headers[count].name = "x-amz-tagging";
        if (tagging_header(req, tagging, &headers[count++].value))
            return -1;
    }
    req->headers = headers;
    req->header_count = count;
    return 0;
}

/* --- the content --- */

static int read_content(struct request *req, const struct s3_form *form, struct s3_content *out)
{
    enum s3_checksum_algorithm algorithm = S3_CHECKSUM_NONE;
    struct s3_customer_key key;
    const char *given = NULL;

    for (size_t i = 0; i < form->field_count && !algorithm; i++) {
        algorithm = s3_checksum_by_header(form->fields[i].name);
        given = form->fields[i].value;
    }
    if (algorithm && !s3_checksum_valid(algorithm, given))
        return aws_fail(req, &s3_InvalidRequest, "Value for %s header is invalid.",
                        s3_checksum_header(algorithm));
    s3_content_of(&req->arena, form->file, algorithm ? algorithm : S3_CHECKSUM_CRC64NVME, out);
    if (algorithm && !str_eq(given, out->checksum))
        return aws_fail(req, &s3_BadDigest,
                        "The %s you specified did not match the calculated checksum.",
                        s3_checksum_name(algorithm));
    return s3_customer_key_read(req, false, &key) || s3_encrypt_content(req, &key, out) ? -1 : 0;
}

/* --- the answer --- */

static const char *location(struct request *req, const char *bucket, const char *key)
{
    const char *host = request_header(req, "host");
    const char *name = url_encode(&req->arena, key, strlen(key), false);

    if (req->resource)
        return arena_printf(&req->arena, "http://%s/%s", host, name);
    return arena_printf(&req->arena, "http://%s/%s/%s", host ? host : "localhost", bucket, name);
}

static void answer_document(struct request *req, const char *bucket, const struct s3_object *object)
{
    struct strbuf *b = &req->response.bytes;
    const struct {
        const char *name;
        const char *value;
    } elements[] = {{"Location", location(req, bucket, object->key)},
                    {"Bucket", bucket},
                    {"Key", object->key},
                    {"ETag", s3_etag_text(&req->arena, object->etag)}};

    strbuf_add_text(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        strbuf_add_format(b, "<%s>", elements[i].name);
        s3_add_escaped(b, elements[i].value);
        strbuf_add_format(b, "</%s>", elements[i].name);
    }
    strbuf_add_text(b, "</PostResponse>");
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/xml");
}

/* NULL when the field holds no address. */
static const char *redirect(struct request *req, const struct s3_form *form, const char *bucket,
                            const struct s3_object *object)
{
    const char *to = s3_form_value(form, "success_action_redirect");
    const char *etag = s3_etag_text(&req->arena, object->etag);

    if (!to)
        to = s3_form_value(form, "redirect");
    if (!to || (!str_starts(to, "http://") && !str_starts(to, "https://")) ||
        to[strcspn(to, "\r\n ")])
        return NULL;
    return arena_printf(&req->arena, "%s%cbucket=%s&key=%s&etag=%s", to,
                        strchr(to, '?') ? '&' : '?',
                        url_encode(&req->arena, bucket, strlen(bucket), false),
                        url_encode(&req->arena, object->key, strlen(object->key), false),
                        url_encode(&req->arena, etag, strlen(etag), false));
}

static void answer(struct request *req, const struct s3_form *form, const struct s3_target *t,
                   const struct s3_object *object)
{
    const char *bucket = t->bucket.name;
    const char *to = redirect(req, form, bucket, object);
    const char *status = s3_form_value(form, "success_action_status");
    const char *version = s3_new_version_of(&req->arena, &t->bucket, object);

    response_header(req, "ETag", s3_etag_text(&req->arena, object->etag));
    response_header(req, "Location", to ? to : location(req, bucket, object->key));
    if (version)
        response_header(req, "x-amz-version-id", version);
    s3_answer_encryption(req, &object->head);
    s3_answer_checksum(req, object);
    if (to) {
        req->response.status = 303;
    } else if (status && str_eq(status, "201")) {
        req->response.status = 201;
        answer_document(req, bucket, object);
    } else {
        /* AWS: what is neither 200 nor 201 is 204. */
        req->response.status = status && str_eq(status, "200") ? 200 : 204;
    }
}

int s3_post_object(struct request *req, const char *bucket)
{
    const struct s3_condition condition = {0};
    struct s3_content content;
    struct s3_object object;
    struct s3_form form;
    struct s3_target t;
    const char *key;

    if (read_form(req, &form))
        return -1;
    key = real_key(&req->arena, &form);
    if (!*key)
        return s3_fail_argument(req, "key", "", "User key must have a length greater than 0.");
    if (use_signature(req, &form) || check_policy(req, &form, bucket, key) ||
        use_fields(req, &form) || s3_use_key(req, bucket, key, NULL, NULL, "s3:PutObject", &t) ||
        read_content(req, &form, &content) || s3_new_object(req, &t, &object) ||
        s3_store_object(req, &t, &content, &condition, "ObjectCreated:Post", &object))
        return -1;
    answer(req, &form, &t, &object);
    return 0;
}
