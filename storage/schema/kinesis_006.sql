-- Queues deliver a stream's records one by one, and again until they are acknowledged. A stream that has queues is not
-- deleted.
CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: receipts outlive a queue
    scope INTEGER NOT NULL REFERENCES scope (id),
    stream INTEGER NOT NULL REFERENCES stream (id),
    resource TEXT NOT NULL UNIQUE, -- the last part of its ARN
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    visibility_s INTEGER NOT NULL,
    max_receives INTEGER NOT NULL, -- 0: records do not become dead letters
    start INTEGER NOT NULL, -- enum kinesis_queue_start
    start_ms INTEGER NOT NULL,
    turn INTEGER NOT NULL DEFAULT 0, -- the shard that is looked at first for new records
    tags TEXT, -- a JSON object
    policy TEXT,
    UNIQUE (scope, name)
) STRICT;
CREATE INDEX queue_stream ON queue (stream);

-- How far a queue has come in a shard; a shard without a row is read from its beginning.
CREATE TABLE queue_shard (
    queue INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    shard INTEGER NOT NULL, -- shard.number: shards are never removed from their stream
    next INTEGER NOT NULL, -- number of the first record that was never delivered
    PRIMARY KEY (queue, shard)
) STRICT, WITHOUT ROWID;

-- Records that were delivered and not acknowledged. Those of a deleted queue go bit by bit.
CREATE TABLE queue_record (
    queue INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, -- arrival in the stream
    first_ms INTEGER NOT NULL, -- first delivery
    visible_at_ms INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    delivery INTEGER NOT NULL, -- grows with each delivery: only the newest receipt is good
    dead INTEGER NOT NULL, -- once it is visible, it is a dead letter
    PRIMARY KEY (queue, shard, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_record_visible ON queue_record (queue, dead, visible_at_ms);

CREATE TABLE queue_gone (
    queue INTEGER PRIMARY KEY -- deleted, and its records have not all been removed
) STRICT;
