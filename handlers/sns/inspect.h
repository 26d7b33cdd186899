/*
 * What SNS answers below /_aws/sns/, in LocalStack's form:
 *
 *   GET, DELETE  sms-messages                ?accountId= &region= &phoneNumber=
 *   GET, DELETE  platform-endpoint-messages  ?accountId= &region= &endpointArn=
 *   GET, DELETE  email-messages              ?accountId= &region= &address=
 *   GET          subscription-tokens/<ARN of a subscription>
 *   POST         phone-opt-outs              {"phoneNumber": ..., "accountId": ..., "region": ...}
 *   GET          SimpleNotificationService-<id>.pem   the certificate that messages are signed with
 */
#ifndef CADABRA_SNS_INSPECT_H
#define CADABRA_SNS_INSPECT_H

#include "server/net/request.h"

/* False when there is nothing of that name. */
bool sns_inspect(struct request *req);

#endif
