/*
 * The keys of objects that channels deliver: templates with variables !{name}.
 *
 * https://docs.aws.amazon.com/streams/latest/dev/data-delivery-s3-key-template.html
 */
#ifndef CADABRA_KINESIS_CHANNEL_KEY_H
#define CADABRA_KINESIS_CHANNEL_KEY_H

#include "server/base/strbuf.h"

enum {
    CHANNEL_KEY_MAX = 986, /* AWS: characters, without the suffix that makes a key the only one */
    CHANNEL_KEY_SUFFIX_MAX = 38,
};

struct channel_key {
    const char *channel_name;
    const char *channel_id;
    const char *stream_name;
    const char *extension; /* of the compression, with its dot; "" */
    int64_t at_ms;
};

extern const char channel_key_default[]; /* the template of who gives none */

/* NULL when keys can be made by the template, else what is wrong with it. */
const char *channel_key_problem(const char *template, bool compressed);
/* The template must have no problem. The suffix stands before the extension. */
void channel_key_write(const char *template, const struct channel_key *values, const char *suffix,
                       struct strbuf *out);

#endif
