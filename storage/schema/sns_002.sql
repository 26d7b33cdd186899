-- What was published to FIFO topics with an archive policy.
CREATE TABLE archive (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    message TEXT NOT NULL, -- JSON
    UNIQUE (topic, sequence)
) STRICT;
CREATE INDEX archive_by_time ON archive (topic, at_ms);

-- The newest replay of each subscription that asked for one. While it runs, what is published waits in the archive:
-- messages up to `live` are replayed where they fall between the two times, later ones are delivered as new.
CREATE TABLE replay (
    subscription INTEGER PRIMARY KEY REFERENCES subscription (id) ON DELETE CASCADE,
    status INTEGER NOT NULL, -- enum sns_replay_status
    asked_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    live INTEGER NOT NULL, -- sequence number
    next INTEGER NOT NULL -- sequence number to go on from
) STRICT;
