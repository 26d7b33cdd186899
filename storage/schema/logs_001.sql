-- Log groups, their streams, and events.
--
-- An event is found by stream (GetLogEvents) and by group (FilterLogEvents), in order of time both ways; events of
-- one moment stay in the order in which they came, which is that of their ids.

CREATE TABLE log_group (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    scope          INTEGER NOT NULL,
    name           TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    class          TEXT NOT NULL,
    kms_key        TEXT,
    retention_days INTEGER NOT NULL DEFAULT 0, -- 0: for ever
    stored_bytes   INTEGER NOT NULL DEFAULT 0,
    tags           TEXT NOT NULL DEFAULT '',   -- JSON object
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE log_stream (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    first_ms    INTEGER, -- of its events; NULL while it has none
    last_ms     INTEGER,
    ingested_ms INTEGER,
    UNIQUE (group_id, name)
) STRICT;
CREATE INDEX log_stream_by_time ON log_stream (group_id, last_ms, name);

CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    group_id    INTEGER NOT NULL,
    stream_id   INTEGER NOT NULL,
    time_ms     INTEGER NOT NULL,
    ingested_ms INTEGER NOT NULL,
    message     TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_stream ON event (stream_id, time_ms);
CREATE INDEX event_by_group ON event (group_id, time_ms);
