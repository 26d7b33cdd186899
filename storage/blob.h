/*
 * Content files: object bodies, code packages, bundles. A blob is written under a temporary name
 * and appears under its id, whole, when it is committed; a crash leaves no half blob, and what it
 * leaves under temporary names is removed at the next start. Ids are ours (random); user-given
 * names never become file names.
 */
#ifndef CADABRA_BLOB_H
#define CADABRA_BLOB_H

#include "storage/store.h"

enum { BLOB_ID_LEN = 32 };

struct blob_dir;    /* the blobs of one service: <data>/<name>/ */
struct blob_writer; /* one blob that is being written */

struct blob_dir *blob_open(struct store_root *root, const char *name);
void blob_close(struct blob_dir *dir);

enum store_status blob_begin(struct blob_dir *dir, struct blob_writer **out_writer);
enum store_status blob_write(struct blob_writer *w, const void *data, size_t len);
/* Ends the writer, in success and failure; out_id holds BLOB_ID_LEN + 1 bytes. */
enum store_status blob_commit(struct blob_writer *w, char *out_id, int64_t *out_size);
void blob_abort(struct blob_writer *w);

/*
 * For stores in whose database a row decides whether a blob counts: the blob is written under a
 * provisional name, blob_provisional() or blob_link(), then the row is committed, then
 * blob_settle() gives the file its place. What a crash leaves between is asked for with `counts`
 * when the folder is opened: it settles or goes.
 */
struct blob_dir *blob_open_counted(struct store_root *root, const char *name,
                                   bool (*counts)(void *context, const char *id), void *context);
/* Ends the writer like blob_commit(). */
enum store_status blob_provisional(struct blob_writer *w, char *out_id, int64_t *out_size);
/* Of a nameless file in the data directory (server/base/nameless.h); the descriptor stays the
 * caller's. */
enum store_status blob_link(struct blob_dir *dir, int fd, char *out_id);
void blob_settle(struct blob_dir *dir, const char *id);

/* An open descriptor (close-on-exec) for reading; the caller closes it. */
enum store_status blob_read(struct blob_dir *dir, const char *id, int *out_fd, int64_t *out_size);
enum store_status blob_remove(struct blob_dir *dir, const char *id);

#endif
