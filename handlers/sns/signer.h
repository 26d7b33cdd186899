/*
 * Signs messages: RSA with SHA-1 (version 1) or SHA-256 (version 2), as AWS does, with a key and a
 * self-made certificate of this server. They are made when the first message is signed, and kept in
 * the data directory.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 *
 * Thread-safe.
 */
#ifndef CADABRA_SNS_SIGNER_H
#define CADABRA_SNS_SIGNER_H

#include "storage/sns_store.h"

struct sns_signer;

/* Costs nothing until the first signature. The store is borrowed. */
struct sns_signer *sns_signer_new(struct sns_store *store);
void sns_signer_free(struct sns_signer *s);

/* The signature in base64, in the arena; NULL after logging why there is none. */
const char *sns_sign(struct sns_signer *s, int version, const char *text, size_t len,
                     struct arena *a);
/* In PEM, in the arena; NULL after logging why. */
const char *sns_signer_certificate(struct sns_signer *s, struct arena *a);

/* Where the certificate is served: with a name as AWS gives it. */
#define SNS_CERTIFICATE_PATH                                                                       \
    "/_aws/sns/SimpleNotificationService-63616461627261736e736365727469.pem"

#endif
