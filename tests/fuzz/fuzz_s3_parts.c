/*
 * Ranges, ids, checksums and hosts of S3, from any text: what is understood must lie where it says.
 */
#include "handlers/s3/checksum.h"
#include "handlers/s3/range.h"
#include "handlers/s3/target.h"
#include "server/virtual_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void ranges(const char *text, int64_t size)
{
    struct s3_range r;

    if (s3_range_read(text, size, &r) != S3_RANGE_UNSATISFIABLE)
        must(r.from >= 0 && r.from <= r.to && r.to <= size);
    if (s3_range_exact(text, size, &r))
        must(r.from >= 0 && r.from < r.to && r.to <= size);
}

static void ids(struct arena *a, const char *text)
{
    struct s3_which which = {0};
    enum s3_checksum_algorithm algorithm;
    char account[13];
    int64_t id;

    if (s3_version_read(text, &which) && which.by == S3_BY_ID)
        must(str_eq(s3_version_text(a, which.id, false), text));
    if (s3_upload_read(text, &id, &algorithm))
        must(str_eq(s3_upload_text(a, id, algorithm), text));
    if (s3_account_of(text, account))
        must(str_eq(s3_canonical_id(a, account), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const own[] = {"example.com"};
    struct arena a;
    const char *text;

    arena_init(&a);
    text = arena_strndup(&a, (const char *)data, size);
    ranges(text, (int64_t)size);
    ranges(text, INT64_MAX);
    ids(&a, text);
    must(virtual_host_bucket(text, strlen(text), own, 1) <= strlen(text));
    for (enum s3_checksum_algorithm al = S3_CHECKSUM_CRC32; al <= S3_CHECKSUM_MD5; al++)
        if (s3_checksum_valid(al, text))
            must(s3_checksum_compose(&a, al, &text, 1) != NULL);
    arena_release(&a);
    return 0;
}
