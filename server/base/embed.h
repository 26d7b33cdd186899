/*
 * Files that the program carries inside. The Makefile turns storage/schema/kinesis_001.sql into the
 * symbols embed_storage_schema_kinesis_001_sql and embed_storage_schema_kinesis_001_sql_end; a NUL
 * stands at the end.
 */
#ifndef CADABRA_EMBED_H
#define CADABRA_EMBED_H

#define EMBED(symbol) extern const char embed_##symbol[], embed_##symbol##_end[]
#define EMBED_LEN(symbol) ((size_t)(embed_##symbol##_end - embed_##symbol))

#endif
