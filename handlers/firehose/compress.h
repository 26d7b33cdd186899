/*
 * The compressions of S3 deliveries, as streams into a spool.
 *
 * GZIP; ZIP: an archive with one entry; Snappy: the stream of snappy-java, as AWS has it (not the
 * framing format of snappy's authors); HADOOP_SNAPPY: blocks as Hadoop's BlockCompressorStream
 * writes them.
 */
#ifndef CADABRA_FIREHOSE_COMPRESS_H
#define CADABRA_FIREHOSE_COMPRESS_H

#include "handlers/firehose/spool.h"

struct compressor;

/* `format` is the API's CompressionFormat; entry_name is what a ZIP calls its entry. NULL when the
 * library that it needs is not there (logged). The spool is borrowed. */
struct compressor *compressor_new(const char *format, const char *entry_name, struct spool *out);
void compressor_add(struct compressor *c, const void *data, size_t len);
/* Writes what is left, and frees it. */
void compressor_finish(struct compressor *c);

/* What S3 keys end with: ".gz", ...; "" for UNCOMPRESSED. */
const char *compression_extension(const char *format);
/* Their Content-Encoding; NULL for UNCOMPRESSED. */
const char *compression_encoding(const char *format);

#endif
