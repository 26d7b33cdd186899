-- One row, made with the first stream: what signs shard iterators.
CREATE TABLE secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL
) STRICT;

CREATE TABLE stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL REFERENCES scope (id),
    name TEXT NOT NULL,
    mode INTEGER NOT NULL, -- enum kinesis_mode
    created_ms INTEGER NOT NULL,
    retention_hours INTEGER NOT NULL,
    record_max INTEGER NOT NULL, -- bytes of data and partition key
    tags TEXT, -- a JSON object
    UNIQUE (scope, name)
) STRICT;

-- Shards are never removed from a stream: parents are read after they have closed. Those of a deleted stream lose
-- their stream, and go when their records have been removed.
CREATE TABLE shard (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: iterators and record ids outlive a shard
    stream INTEGER REFERENCES stream (id) ON DELETE SET NULL,
    number INTEGER NOT NULL, -- in its name
    parent INTEGER,
    adjacent_parent INTEGER,
    hash_start BLOB NOT NULL,
    hash_end BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    next INTEGER NOT NULL DEFAULT 1, -- no record has this number or a higher one, unless it is still there
    last_ms INTEGER NOT NULL DEFAULT 0, -- arrival of the newest of those that were removed
    UNIQUE (stream, number)
) STRICT;

-- id is shard.id << 40 | number: appending touches one leaf page, and a read is one range of the table itself.
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    key TEXT NOT NULL,
    data BLOB NOT NULL
) STRICT;
