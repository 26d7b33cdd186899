-- When items expire: one row for each item of a table with time to live whose attribute holds a time.
CREATE TABLE expiries (
    table_id INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (table_id, expires_s, item_id)
) STRICT, WITHOUT ROWID;

-- Work on whole tables, done in the background in many short writes: entries of new indexes, copies. A row goes in the
-- write that ends its work, so a job that was cut off goes on where it was.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL, -- enum ddb_job_kind
    table_id INTEGER NOT NULL, -- that is read
    target_id INTEGER NOT NULL, -- that is written, where it is another
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at_bucket INTEGER NOT NULL, -- the item that was dealt with last
    at_pk BLOB NOT NULL,
    at_sk BLOB NOT NULL
) STRICT;

-- Items of large tables and entries of large indexes (by index id), counted now and then.
CREATE TABLE counts (
    table_id INTEGER NOT NULL,
    index_id INTEGER NOT NULL, -- 0: the table itself
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (table_id, index_id)
) STRICT, WITHOUT ROWID;

-- Copies of tables. The rows are items of a table that belongs to nobody: scope 0, named as the backup's code.
CREATE TABLE backups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    data_id INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- enum ddb_backup_kind
    available INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER, -- of those that the system makes
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    definition TEXT NOT NULL,
    UNIQUE (scope, table_name, code)
) STRICT;
CREATE INDEX backups_by_data ON backups (data_id);
