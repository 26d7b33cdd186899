-- Channels deliver a stream's records to a bucket. A stream that has channels is not deleted.
CREATE TABLE channel (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: the tags of a deleted one are never another's
    scope INTEGER NOT NULL REFERENCES scope (id),
    stream INTEGER NOT NULL REFERENCES stream (id),
    resource TEXT NOT NULL UNIQUE, -- its id, the last part of its ARN
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    role TEXT NOT NULL,
    format TEXT NOT NULL,
    destination TEXT NOT NULL, -- a JSON object
    freshness_s INTEGER NOT NULL,
    key_id TEXT, -- what objects are encrypted with; NULL: as their bucket says
    logging TEXT NOT NULL, -- a JSON object
    problem TEXT, -- why it could not be made: it delivers nothing; NULL: it is active
    failing_ms INTEGER NOT NULL DEFAULT 0, -- since when the bucket has not taken what came; 0: it does
    retry_ms INTEGER NOT NULL DEFAULT 0, -- when it is tried again
    tags TEXT, -- a JSON object
    policy TEXT,
    UNIQUE (scope, name)
) STRICT;
CREATE INDEX channel_stream ON channel (stream);

-- How far a channel has come in a shard; a shard without a row is delivered from its beginning.
CREATE TABLE channel_shard (
    channel INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    shard INTEGER NOT NULL, -- shard.number: shards are never removed from their stream
    next INTEGER NOT NULL, -- number of the first record that has not been delivered
    PRIMARY KEY (channel, shard)
) STRICT, WITHOUT ROWID;
