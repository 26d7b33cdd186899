/*
 * Forms as browsers post them (multipart/form-data, RFC 7578): fields in their order, and the file,
 * which must be the last field that matters. Nothing is copied but names and short values: the file
 * is a part of the body.
 */
#ifndef CADABRA_S3_FORM_H
#define CADABRA_S3_FORM_H

#include "server/base/arena.h"

struct s3_form_field {
    const char *name; /* as sent; S3 compares without case */
    const char *value;
};

struct s3_form {
    struct s3_form_field *fields; /* those before the file */
    size_t field_count;
    bool has_file;
    struct bytes file;
    const char *filename;     /* as sent, without any path; "" where there is none */
    const char *content_type; /* of the file's part; NULL: none */
};

enum { S3_FORM_FIELDS_MAX = 256, S3_FORM_FIELDS_BYTES_MAX = 20 * 1024 };

enum s3_form_status {
    S3_FORM_OK,
    S3_FORM_NO_BOUNDARY, /* the content type names none */
    S3_FORM_MALFORMED,
    S3_FORM_TOO_LARGE, /* the fields before the file */
};

/* content_type is the request's header. */
enum s3_form_status s3_form_read(struct arena *a, const char *content_type, struct bytes body,
                                 struct s3_form *out);

/* The first field of that name, compared without case; NULL when there is none. */
const char *s3_form_value(const struct s3_form *form, const char *name);

#endif
