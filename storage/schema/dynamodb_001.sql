-- Tables, their items, and the entries of their secondary indexes.
--
-- Keys are encoded by the service so that the order of bytes is DynamoDB's order. bucket is a hash of the
-- partition key: it gives scans an order and parallel scans their segments. An item is a row with its own id and a
-- unique index over the key: with items of 1 KB SQLite then writes four times as many rows a second as with a table
-- WITHOUT ROWID, and reads three times as many. An entry of an index names its item by that id and holds no copy
-- of it, so a change of other attributes leaves the index alone.

CREATE TABLE tables (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: rows of a dropped table can be removed later
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1, -- goes up with each change of the definition
    definition TEXT NOT NULL,
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    table_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    pk BLOB NOT NULL,
    sk BLOB NOT NULL, -- empty where the table has no sort key
    size INTEGER NOT NULL, -- as AWS counts it
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX items_by_key ON items (table_id, bucket, pk, sk);

CREATE TABLE entries (
    index_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL, -- of the index's partition key
    ipk BLOB NOT NULL,
    isk BLOB NOT NULL,
    tie INTEGER NOT NULL, -- a hash of the item's key: orders items with equal keys in the index as AWS does
    pk BLOB NOT NULL,
    sk BLOB NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (index_id, bucket, ipk, isk, tie, pk, sk)
) STRICT, WITHOUT ROWID;

-- Tokens of TransactWriteItems, kept for ten minutes.
CREATE TABLE tokens (
    scope INTEGER NOT NULL,
    token TEXT NOT NULL,
    digest BLOB NOT NULL, -- SHA-256 of the request's body
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_time ON tokens (expires_ms);
