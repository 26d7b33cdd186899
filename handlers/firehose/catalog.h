/* What a format conversion is made of (convert.h): tables of the Glue Data Catalog, files of
 * Parquet. */
#ifndef CADABRA_FIREHOSE_CATALOG_H
#define CADABRA_FIREHOSE_CATALOG_H

#include "handlers/firehose/convert.h"

extern const struct conversion_parts catalog_conversion;

#endif
