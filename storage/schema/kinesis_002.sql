ALTER TABLE stream ADD COLUMN key_id TEXT; -- of the key that it is encrypted with; NULL: it is not
ALTER TABLE stream ADD COLUMN metrics INTEGER NOT NULL DEFAULT 0; -- shard-level metrics, a bit each
ALTER TABLE stream ADD COLUMN warm_mibps INTEGER NOT NULL DEFAULT 0; -- 0: none was asked for
ALTER TABLE stream ADD COLUMN policy TEXT;

CREATE TABLE consumer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL REFERENCES stream (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    tags TEXT, -- a JSON object
    policy TEXT,
    UNIQUE (stream, name)
) STRICT;

-- The commitment to a minimum of throughput, which opens some settings of on-demand streams.
CREATE TABLE commitment (
    scope INTEGER PRIMARY KEY REFERENCES scope (id),
    started_ms INTEGER NOT NULL,
    end_asked_ms INTEGER -- NULL: it goes on
) STRICT;
