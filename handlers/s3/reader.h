/*
 * Reading the content of a version: from its row, from its file, or from the files of its parts;
 * decrypted where it is encrypted. What is being read stays the same until the reader is closed,
 * even when the version is removed.
 */
#ifndef CADABRA_S3_READER_H
#define CADABRA_S3_READER_H

#include "handlers/s3/customer_key.h"
#include "handlers/s3/range.h"

struct s3_reader;

/* Of bytes [range.from, range.to) of the object, which was found with its data. key may be NULL
 * where nothing is encrypted; it has been checked. Tied to the arena. STORE_NOT_FOUND: the version
 * has been removed meanwhile, look again. */
enum store_status s3_reader_open(struct s3_store *store, struct arena *a,
                                 const struct s3_object *object, const struct s3_customer_key *key,
                                 struct s3_range range, struct s3_reader **out);
/* `offset` counts from the range's begin. At least one byte (max > 0) before its end, 0 there; -1
 * after logging. */
ssize_t s3_reader_read(struct s3_reader *r, void *out, size_t max, int64_t offset);
/* The whole range as a file of its own, from its beginning: the content's file where it is one and
 * plain, else a copy without a name in the directory. The caller closes it; -1 after logging. */
int s3_reader_file(struct s3_reader *r, const char *directory);
/* Makes it the body of the answer. The reader must live in the request's arena. */
void s3_reader_answer(struct s3_reader *r, struct request *req);

#endif
