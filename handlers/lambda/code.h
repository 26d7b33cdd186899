/*
 * Code packages: the archive as it was uploaded, kept as a blob, and the folder it is unpacked to,
 * <data>/lambda-code/<id>. A package never changes; an update of a function makes a new one.
 * Thread-safe.
 */
#ifndef CADABRA_LAMBDA_CODE_H
#define CADABRA_LAMBDA_CODE_H

#include "handlers/lambda/zip.h"
#include "server/base/arena.h"
#include "storage/blob.h"
#include "storage/lambda_store.h"

/* AWS: the quotas of a deployment package. The number of entries is our own bound. */
enum { CODE_UNZIPPED_MAX = 262144000, CODE_ENTRIES_MAX = 200000 };

struct code;

struct code *code_open(struct store_root *root);
void code_close(struct code *c);

struct code_package {
    char id[BLOB_ID_LEN + 1];
    const char *sha256; /* base64 */
    int64_t size;       /* of the archive */
};

/* Checks, keeps and unpacks an archive. Whatever the verdict, nothing half-made stays. */
enum zip_verdict code_add(struct code *c, struct bytes archive, struct arena *a,
                          struct code_package *out);
/* The digest alone, for a dry run: checks the archive and keeps nothing. */
enum zip_verdict code_check(struct code *c, struct bytes archive, struct arena *a,
                            struct code_package *out);

/* The unpacked folder. */
char *code_path(const struct code *c, const char *id, struct arena *a);
/* Whether the folder is there; code_set_aside() ends that at once, without removing anything. */
bool code_exists(const struct code *c, const char *id);
void code_set_aside(struct code *c, const char *id);
/* A folder with what the layers of these ids hold, the later over the earlier ones: what functions
 * see as /opt. Made when it is first asked for. NULL after logging why. */
char *code_layers_path(struct code *c, const char *const *ids, size_t count, struct arena *a);
/* The archive, to be closed; STORE_NOT_FOUND when it has gone. */
enum store_status code_archive(struct code *c, const char *id, int *out_fd, int64_t *out_size);
/* Removes archive and folder. No process may be using the folder. */
void code_remove(struct code *c, const char *id);
/* After a start: kills processes and removes folders that a killed server left, and that no
 * function uses. */
void code_remove_stale(struct code *c, const char *const *used, size_t used_count);

#endif
