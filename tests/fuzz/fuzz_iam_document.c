/* Policy documents: any text is a policy or gets words that say why not. */
#include "handlers/iam/iam_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text;
    struct arena a;

    arena_init(&a);
    text = arena_strndup(&a, (const char *)data, size);
    iam_document_problem(&a, text, IAM_DOCUMENT_INLINE);
    iam_document_problem(&a, text, IAM_DOCUMENT_MANAGED);
    iam_document_problem(&a, text, IAM_DOCUMENT_TRUST);
    arena_release(&a);
    return 0;
}
