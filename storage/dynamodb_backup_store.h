/*
 * Backups of DynamoDB's tables: what is known of them. Their items are those of a table that
 * belongs to nobody (ddb_table_insert_hidden), named as the backup's code.
 */
#ifndef CADABRA_DYNAMODB_BACKUP_STORE_H
#define CADABRA_DYNAMODB_BACKUP_STORE_H

#include "storage/dynamodb_store.h"

enum ddb_backup_kind { DDB_BACKUP_USER, DDB_BACKUP_SYSTEM };
enum { DDB_BACKUP_CODE_MAX = 32 };

/* Texts live in the arena that was given. */
struct ddb_backup {
    int64_t id;
    const char *table_name;
    const char *code; /* the last part of its ARN; in order of time */
    const char *name;
    int64_t data_id; /* the table that holds its items */
    enum ddb_backup_kind kind;
    bool available; /* else it is still being made */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t items;
    int64_t bytes;
    const char *definition; /* of the table as it was */
};

enum store_status ddb_backup_insert(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_backup *backup);
enum store_status ddb_backup_find(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, const char *code, struct arena *a,
                                  struct ddb_backup *out);
/* All items of the backup that has this data are there: counts them, but no more than 1,001; those
 * of larger ones are told from dynamodb_job_store.h's counts, once the table was counted there.
 * Nothing when there is no such backup. */
enum store_status ddb_backup_ready(struct ddb_session *s, int64_t data_id);
/* With the table that holds its items, which are left for ddb_store_purge_lost(). */
enum store_status ddb_backup_remove(struct ddb_session *s, const struct ddb_backup *backup);

struct ddb_backup_filter {
    const char *table_name; /* NULL: of all tables */
    int kind;               /* -1: of all */
    int64_t from_ms;        /* created at or after, before */
    int64_t to_ms;
    int64_t after; /* id */
    size_t limit;
};
/* In the order of ids; definitions are left out. */
enum store_status ddb_backup_list(struct ddb_session *s, const struct scope *scope,
                                  const struct ddb_backup_filter *filter, struct arena *a,
                                  struct ddb_backup *out, size_t *out_count);
/* Removes those that the system made and whose time has come. */
enum store_status ddb_backups_expire(struct ddb_store *store, int64_t now_ms, bool *out_left);

#endif
