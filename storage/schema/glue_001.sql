-- The Data Catalog: databases, tables with their versions, partitions, statistics, functions.

CREATE TABLE db (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    scope      INTEGER NOT NULL,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    document   TEXT NOT NULL, -- JSON of a DatabaseInput
    tags       TEXT NOT NULL, -- JSON object, or ''
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE catalog_table (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: rows of a dropped table may outlive it
    db         INTEGER NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    document   TEXT NOT NULL, -- JSON of a TableInput
    UNIQUE (db, name)
) STRICT;

-- Versions that were archived; the newest is the row of the table itself.
CREATE TABLE table_version (
    id         INTEGER PRIMARY KEY,
    table_id   INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    document   TEXT NOT NULL,
    UNIQUE (table_id, version)
) STRICT;

CREATE TABLE catalog_partition (
    id         INTEGER PRIMARY KEY,
    table_id   INTEGER NOT NULL,
    tuple      TEXT NOT NULL, -- the values: see glue_tuple.h
    created_ms INTEGER NOT NULL,
    document   TEXT NOT NULL, -- JSON of a PartitionInput
    UNIQUE (table_id, tuple)
) STRICT;

CREATE TABLE partition_index (
    id       INTEGER PRIMARY KEY,
    table_id INTEGER NOT NULL,
    name     TEXT NOT NULL,
    fields   TEXT NOT NULL, -- tuple of the keys' names
    UNIQUE (table_id, name)
) STRICT;

CREATE TABLE column_statistics (
    table_id    INTEGER NOT NULL,
    tuple       TEXT NOT NULL, -- '' of the table, else of a partition
    column_name TEXT NOT NULL,
    document    TEXT NOT NULL, -- JSON of a ColumnStatistics
    PRIMARY KEY (table_id, tuple, column_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_function (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    db         INTEGER NOT NULL,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    document   TEXT NOT NULL, -- JSON of a UserDefinedFunctionInput
    UNIQUE (db, name)
) STRICT;

CREATE TABLE resource_policy (
    scope      INTEGER PRIMARY KEY,
    policy     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

-- Tables that are gone and of which rows are left, which go in small steps.
CREATE TABLE dropped (
    table_id INTEGER PRIMARY KEY
) STRICT;
