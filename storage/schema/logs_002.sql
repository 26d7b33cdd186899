-- What looks at the events of a group as they come in.

CREATE TABLE subscription (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id     INTEGER NOT NULL,
    name         TEXT NOT NULL,
    pattern      TEXT NOT NULL,
    destination  TEXT NOT NULL,
    role         TEXT,
    distribution TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    UNIQUE (group_id, name)
) STRICT;

-- Events that a subscription has not delivered yet: one row for each append to a group that has some. Written with
-- the events themselves, removed once they were handed over.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id INTEGER NOT NULL,
    stream_id       INTEGER NOT NULL,
    first_event     INTEGER NOT NULL,
    last_event      INTEGER NOT NULL
) STRICT;

CREATE TABLE metric_filter (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    pattern         TEXT NOT NULL,
    transformations TEXT NOT NULL, -- JSON
    created_ms      INTEGER NOT NULL,
    UNIQUE (group_id, name)
) STRICT;
