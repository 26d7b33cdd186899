/* Browsers' forms and their policies: the whole input is a body, the field "policy" a policy. */
#include "handlers/s3/post_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3_post_policy policy;
    struct s3_form form;
    struct arena a;

    arena_init(&a);
    if (s3_form_read(&a, "multipart/form-data; boundary=X", (struct bytes){data, size}, &form) ==
        S3_FORM_OK) {
        const char *text = s3_form_value(&form, "policy");

        if (text && !s3_post_policy_read(&a, text, &policy))
            s3_post_policy_refusal(&a, &policy, &form, "bucket", "key");
    }
    arena_release(&a);
    return 0;
}
