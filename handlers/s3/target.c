/*
 * Version and upload ids are row ids in disguise: eight bytes of a digest of the number, and the
 * number XORed with these. So a made-up id is recognised without a look-up.
 *
 * The canonical id of an account ends with the account, which makes it readable for grants.
 */
#include "handlers/s3/target.h"

#include "handlers/s3/access.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum { ID_TEXT_LEN = 32, CANONICAL_LEN = 64, ACCOUNT_LEN = 12, KEY_MAX = 1024 };

/* --- names --- */

static void canonical_id(const char *account, char out[CANONICAL_LEN + 1])
{
    uint8_t digest[SHA256_LEN];

    sha256(account, strlen(account), digest);
    hex_encode(digest, sizeof(digest), out);
    memcpy(out + CANONICAL_LEN - ACCOUNT_LEN, account, ACCOUNT_LEN);
}

const char *s3_canonical_id(struct arena *a, const char *account)
{
    char *text = arena_alloc(a, CANONICAL_LEN + 1);

    canonical_id(account, text);
    return text;
}

bool s3_account_of(const char *id, char *out)
{
    char wanted[CANONICAL_LEN + 1];

    if (strlen(id) != CANONICAL_LEN ||
        strspn(id + CANONICAL_LEN - ACCOUNT_LEN, "0123456789") != ACCOUNT_LEN)
        return false;
    canonical_id(id + CANONICAL_LEN - ACCOUNT_LEN, wanted);
    memcpy(out, id + CANONICAL_LEN - ACCOUNT_LEN, ACCOUNT_LEN + 1);
    return str_eq(id, wanted);
}

struct s3_Owner *s3_owner(struct arena *a, const char *account)
{
    struct s3_Owner *owner = ARENA_NEW(a, struct s3_Owner);

    owner->ID = s3_canonical_id(a, account);
    return owner;
}

/* --- ids --- */

static uint64_t mask_of(char kind, int64_t id)
{
    char text[32];
    uint8_t digest[SHA256_LEN];
    uint64_t mask;

    snprintf(text, sizeof(text), "%c%" PRId64, kind, id);
    sha256(text, strlen(text), digest);
    memcpy(&mask, digest, sizeof(mask));
    return mask;
}

static const char *id_text(struct arena *a, char kind, int64_t id)
{
    uint64_t mask = mask_of(kind, id);

    return arena_printf(a, "%016" PRIx64 "%016" PRIx64, mask, mask ^ (uint64_t)id);
}

static bool id_read(const char *text, char kind, int64_t *out)
{
    char half[17] = "";
    uint64_t mask;
    int64_t id;

    if (strlen(text) != ID_TEXT_LEN || strspn(text, "0123456789abcdef") != ID_TEXT_LEN)
        return false;
    memcpy(half, text, 16);
    mask = strtoull(half, NULL, 16);
    id = (int64_t)(strtoull(text + 16, NULL, 16) ^ mask);
    *out = id;
    return id > 0 && mask_of(kind, id) == mask;
}

const char *s3_version_text(struct arena *a, int64_t id, bool null_version)
{
    return null_version ? "null" : id_text(a, 'v', id);
}

const char *s3_version_of(struct arena *a, const struct s3_bucket *bucket,
                          const struct s3_object *object)
{
    if (bucket->versioning == S3_UNVERSIONED)
        return NULL;
    return s3_version_text(a, object->id, object->null_version);
}

const char *s3_new_version_of(struct arena *a, const struct s3_bucket *bucket,
                              const struct s3_object *object)
{
    return object->null_version ? NULL : s3_version_of(a, bucket, object);
}

bool s3_version_read(const char *text, struct s3_which *out)
{
    if (str_eq(text, "null")) {
        out->by = S3_NULL_VERSION;
        return true;
    }
    out->by = S3_BY_ID;
    return id_read(text, 'v', &out->id);
}

static char upload_kind(enum s3_checksum_algorithm algorithm)
{
    return (char)('A' + (int)algorithm);
}

const char *s3_upload_text(struct arena *a, int64_t id, enum s3_checksum_algorithm algorithm)
{
    return arena_printf(a, "%s%c", id_text(a, upload_kind(algorithm), id), upload_kind(algorithm));
}

bool s3_upload_read(const char *text, int64_t *out_id, enum s3_checksum_algorithm *out_algorithm)
{
    char id[ID_TEXT_LEN + 1];
    char kind;

    if (strlen(text) != ID_TEXT_LEN + 1)
        return false;
    kind = text[ID_TEXT_LEN];
    if (kind < upload_kind(S3_CHECKSUM_NONE) || kind > upload_kind(S3_CHECKSUM_XXHASH128))
        return false;
    memcpy(id, text, ID_TEXT_LEN);
    id[ID_TEXT_LEN] = '\0';
    *out_algorithm = (enum s3_checksum_algorithm)(kind - 'A');
    return id_read(id, kind, out_id);
}

const char *s3_etag_text(struct arena *a, const char *etag)
{
    return arena_printf(a, "\"%s\"", etag);
}

const char *s3_etag_bare(struct arena *a, const char *text)
{
    size_t len = strlen(text);

    if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
        return arena_strndup(a, text + 1, len - 2);
    return text;
}

/* --- checks --- */

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool looks_like_address(const char *name)
{
    int dots = 0;

    if (strspn(name, "0123456789.") != strlen(name))
        return false;
    for (const char *p = name; *p; p++)
        dots += *p == '.';
    return dots == 3;
}

int s3_check_bucket_name(struct request *req, const char *name)
{
    size_t len = strlen(name);
    bool good = len >= 3 && len <= 63 && is_label_char(name[0]) && is_label_char(name[len - 1]) &&
                !strstr(name, "..") && !looks_like_address(name) && !str_starts(name, "xn--") &&
                !str_starts(name, "sthree-") && !str_starts(name, "amzn-s3-demo-");

    for (const char *p = name; good && *p; p++)
        good = is_label_char(*p) || *p == '.' || *p == '-';
    if (good)
        return 0;
    aws_fail(req, &s3_InvalidBucketName, "The specified bucket is not valid.");
    aws_fail_detail(req, "BucketName", name);
    return -1;
}

int s3_check_key(struct request *req, const char *key)
{
    size_t len = strlen(key);

    if (len <= KEY_MAX)
        return 0;
    aws_fail(req, &s3_KeyTooLongError, "Your key is too long");
    aws_fail_detail(req, "Size", arena_printf(&req->arena, "%zu", len));
    aws_fail_detail(req, "MaxSizeAllowed", "1024");
    return -1;
}

static int read_version(struct request *req, const char *version_id, struct s3_which *out)
{
    out->by = S3_PRESENT;
    if (!version_id)
        return 0;
    if (*version_id == '\0')
        return s3_fail_argument(req, "versionId", "", "Version id cannot be the empty string");
    if (!s3_version_read(version_id, out))
        return s3_fail_argument(req, "versionId", version_id, "Invalid version id specified");
    return 0;
}

static int check_owner(struct request *req, const struct s3_bucket *bucket,
                       const char *expected_owner)
{
    if (!expected_owner || str_eq(expected_owner, bucket->account))
        return 0;
    if (strlen(expected_owner) != ACCOUNT_LEN ||
        strspn(expected_owner, "0123456789") != ACCOUNT_LEN)
        return aws_fail(req, &s3_InvalidBucketOwnerAWSAccountID,
                        "The value of the expected bucket owner parameter must be an AWS Account "
                        "ID... [%.200s]",
                        expected_owner);
    return s3_fail_denied(req);
}

static int allow(struct request *req, const struct s3_target *target, const char *expected_owner,
                 const char *action)
{
    if (check_owner(req, &target->bucket, expected_owner))
        return -1;
    return action ? s3_authorize(req, target, action) : 0;
}

int s3_use_bucket(struct request *req, const char *bucket, const char *expected_owner,
                  const char *action, struct s3_target *out)
{
    enum store_status rc;

    *out = (struct s3_target){0};
    rc = s3_bucket_find(s3_of(req->app)->store, bucket, &req->arena, &out->bucket);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, bucket);
    if (rc)
        return aws_fail_internal(req);
    return allow(req, out, expected_owner, action);
}

int s3_use_key(struct request *req, const char *bucket, const char *key, const char *version_id,
               const char *expected_owner, const char *action, struct s3_target *out)
{
    if (s3_use_bucket(req, bucket, NULL, NULL, out) || s3_check_key(req, key))
        return -1;
    out->key = out->which.key = key;
    out->version_id = version_id;
    if (read_version(req, version_id, &out->which))
        return -1;
    return allow(req, out, expected_owner, action);
}

int s3_use_object_or_none(struct request *req, const char *bucket, const char *key,
                          const char *version_id, const char *expected_owner, const char *action,
                          bool with_data, struct s3_target *out)
{
    struct s3_object *object = ARENA_NEW(&req->arena, struct s3_object);
    enum store_status rc;

    *out = (struct s3_target){.key = key, .version_id = version_id, .which.key = key};
    if (s3_check_key(req, key) || read_version(req, version_id, &out->which))
        return -1;
    rc = s3_object_find_in(s3_of(req->app)->store, bucket, &out->which, with_data, &req->arena,
                           &out->bucket, object);
    if (rc == STORE_NOT_FOUND && !out->bucket.id)
        return s3_fail_no_bucket(req, bucket);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (!rc)
        out->object = object;
    return allow(req, out, expected_owner, action);
}

static int fail_absent(struct request *req, const struct s3_target *t, bool marker_is_there)
{
    const struct s3_object *o = t->object;

    if (!o)
        return t->version_id ? s3_fail_no_version(req, t->key, t->version_id)
                             : s3_fail_no_key(req, t->key);
    if (marker_is_there) {
        aws_fail(req, &s3_MethodNotAllowed,
                 "The specified method is not allowed against this resource.");
        aws_fail_detail(req, "Method", req->method);
        aws_fail_detail(req, "ResourceType", "DeleteMarker");
        aws_fail_header(req, "Allow", "DELETE");
    } else {
        s3_fail_no_key(req, t->key);
    }
    aws_fail_header(req, "x-amz-delete-marker", "true");
    aws_fail_header(req, "x-amz-version-id", s3_version_of(&req->arena, &t->bucket, o));
    return -1;
}

int s3_fail_no_object(struct request *req, const struct s3_target *t)
{
    return fail_absent(req, t, t->version_id != NULL);
}

int s3_fail_no_facts(struct request *req, const struct s3_target *t)
{
    return fail_absent(req, t, true);
}

int s3_use_object(struct request *req, const char *bucket, const char *key, const char *version_id,
                  const char *expected_owner, const char *action, struct s3_target *out)
{
    if (s3_use_object_or_none(req, bucket, key, version_id, expected_owner, action, false, out))
        return -1;
    if (out->object && !out->object->marker)
        return 0;
    /* AWS: reading, a marker is nothing; what would be written has no place in it. */
    return str_eq(req->method, "GET") || str_eq(req->method, "HEAD") ? s3_fail_no_object(req, out)
                                                                     : s3_fail_no_facts(req, out);
}
