/* Byte ranges of RFC 9110, as S3 understands them. */
#ifndef CADABRA_S3_RANGE_H
#define CADABRA_S3_RANGE_H

#include "server/base/base.h"

struct s3_range {
    int64_t from;
    int64_t to; /* behind the last byte */
};

enum s3_range_outcome {
    S3_RANGE_ALL,           /* none, or none that is understood: AWS sends everything */
    S3_RANGE_PART,          /* *out is not empty and lies in the object */
    S3_RANGE_UNSATISFIABLE, /* begins behind the end */
};

/* `text` is the header, or NULL. *out is set except when unsatisfiable. */
enum s3_range_outcome s3_range_read(const char *text, int64_t size, struct s3_range *out);

/* bytes=a-b with both ends, inside the object: what UploadPartCopy takes. False: it is not so. */
bool s3_range_exact(const char *text, int64_t size, struct s3_range *out);

#endif
