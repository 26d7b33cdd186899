/* What all listings share: the size of a page, and the encoding of names. */
#ifndef CADABRA_S3_LISTING_H
#define CADABRA_S3_LISTING_H

#include "handlers/s3/state.h"

struct s3_listing_form {
    struct arena *arena;
    bool encode; /* encoding-type=url: keys, prefixes, delimiters and markers */
    size_t max;
};

/* 0, or -1 after failing. max_name: the parameter that max came from. */
int s3_listing_begin(struct request *req, const char *encoding_type, struct maybe_int max,
                     const char *max_name, struct s3_listing_form *out);
/* NULL stays NULL. */
const char *s3_listing_text(const struct s3_listing_form *form, const char *text);
/* The key or prefix at the end of a page that is not empty. */
const char *s3_last_listed(const struct s3_page *page);

#endif
