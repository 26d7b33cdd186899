/*
 * What is known of one access key: the secret that signs with it, and whom it stands for. The
 * services that give out keys (IAM for users, STS for sessions) answer with it through struct
 * service's find_credential.
 */
#ifndef CADABRA_CREDENTIAL_H
#define CADABRA_CREDENTIAL_H

#include "server/base/base.h"

struct credential {
    const char *secret;
    const char *session_token; /* what the request must carry beside the signature; NULL: nothing */
    char account[13];
    int64_t expires_ms; /* since 1970, of the app's clock; 0: never */
    bool inactive;      /* switched off by its owner */
};

#endif
