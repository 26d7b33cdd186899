CREATE TABLE stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: buffers may outlive their stream
    scope INTEGER NOT NULL REFERENCES scope (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL, -- DirectPut, KinesisStreamAsSource
    version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER,
    source TEXT, -- the API's SourceDescription as JSON
    destination TEXT NOT NULL, -- the API's DestinationDescription
    secret TEXT, -- the access key of an HTTP endpoint, which is never described
    encryption TEXT, -- the API's DeliveryStreamEncryptionConfiguration
    encrypted INTEGER NOT NULL,
    tags TEXT, -- a JSON object
    -- Where records go that come in (struct firehose_route).
    lane INTEGER NOT NULL,
    bytes_max INTEGER NOT NULL,
    wait_ms INTEGER NOT NULL,
    records_max INTEGER NOT NULL, -- 0: any number
    copy_bytes_max INTEGER NOT NULL, -- 0: no copies
    copy_wait_ms INTEGER NOT NULL,
    UNIQUE (scope, name)
) STRICT;

-- One buffer is one future delivery: it takes records while it is not sealed.
CREATE TABLE buffer (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: chunks of a removed buffer go in steps
    stream INTEGER NOT NULL,
    lane INTEGER NOT NULL, -- enum firehose_lane
    sort TEXT NOT NULL, -- '', partition keys as JSON, or an error output type
    sealed INTEGER NOT NULL DEFAULT 0,
    opened_ms INTEGER NOT NULL, -- arrival of its oldest record
    due_ms INTEGER NOT NULL, -- not before that time something is to be done with it
    chunks INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, -- of the records' data
    label TEXT, -- the name of the delivery, once it has one
    tries INTEGER NOT NULL DEFAULT 0,
    first_try_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX buffer_open ON buffer (stream, lane, sort) WHERE sealed = 0;
CREATE INDEX buffer_due ON buffer (stream, lane, due_ms);

-- id is buffer.id << 24 | number: a buffer's records are one range of the table itself. A chunk is some records in
-- the frames of handlers/firehose/frame.h.
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- How far a shard of the source has been read.
CREATE TABLE position (
    stream INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (stream, shard)
) STRICT, WITHOUT ROWID;
