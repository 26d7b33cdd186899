/* Phone numbers. */
#ifndef CADABRA_SNS_PHONE_H
#define CADABRA_SNS_PHONE_H

#include "server/base/base.h"

/* E.164: + (AWS: or not), and up to 15 digits. */
bool sns_is_phone_number(const char *text);

#endif
