-- One row, made with the first queue: what signs receipt handles.
CREATE TABLE secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL
) STRICT;

CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: receipt handles and message ids outlive a queue
    scope INTEGER NOT NULL REFERENCES scope (id),
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    settings TEXT NOT NULL, -- a JSON object: the attributes that were given
    tags TEXT, -- a JSON object
    next INTEGER NOT NULL DEFAULT 1, -- no message was ever given this number or a higher one
    purged INTEGER NOT NULL DEFAULT 0, -- messages with a lower number are gone
    UNIQUE (scope, name)
) STRICT;

-- What was sent; never changed. id is queue.id << 40 | number: sending touches one leaf page.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    message_id BLOB NOT NULL,
    sent_ms INTEGER NOT NULL,
    sender TEXT,
    group_id TEXT,
    dedup_id TEXT,
    trace TEXT,
    source TEXT, -- ARN of the queue from which it came here as a dead letter
    attributes BLOB,
    body TEXT NOT NULL
) STRICT;

-- What changes of a message, and all that is read when a queue is loaded: narrow, so that it stays in few pages.
CREATE TABLE state (
    id INTEGER PRIMARY KEY,
    sent_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    received INTEGER NOT NULL, -- how often, in all queues
    carried INTEGER NOT NULL, -- how often before it came to this one
    first_ms INTEGER NOT NULL, -- when first; 0: never
    group_id TEXT
) STRICT;

-- What was sent to a FIFO queue in the last minutes, with the message's id.
CREATE TABLE dedup (
    id INTEGER PRIMARY KEY,
    sent_ms INTEGER NOT NULL,
    key BLOB NOT NULL,
    message_id BLOB NOT NULL
) STRICT;

-- Ranges of ids that were purged, or belonged to a queue that was deleted: removed bit by bit.
CREATE TABLE gone (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE move_task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL REFERENCES scope (id),
    handle TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL, -- ARN
    destination TEXT, -- ARN; NULL: the queue where each message came from
    rate INTEGER, -- messages a second
    status INTEGER NOT NULL, -- enum sqs_task_status
    moved INTEGER NOT NULL,
    to_move INTEGER NOT NULL,
    failure TEXT,
    started_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX move_task_source ON move_task (source, id);
