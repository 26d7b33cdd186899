/* One value of a scalar type from the characters of a JSON number or string. */
#ifndef CADABRA_FIREHOSE_HIVE_SCALAR_H
#define CADABRA_FIREHOSE_HIVE_SCALAR_H

#include "handlers/firehose/hive_type.h"

/* BOOLEAN, the integers, FLOAT, DOUBLE, DECIMAL, and the texts (the value borrows, and is cut to
 * the type's characters). False: it is none, or out of the type's range. Decimals are rounded, half
 * up.
 */
bool hive_scalar_read(const struct hive_type *type, const char *text, size_t len,
                      struct hive_value *out);

#endif
