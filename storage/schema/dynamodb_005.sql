-- Exports to S3 and imports from it. The description is the service's own text: what clients are shown.
CREATE TABLE transfers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL,
    is_import INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    code TEXT NOT NULL,
    token TEXT NOT NULL,
    request BLOB NOT NULL, -- digest of what was asked for
    started_ms INTEGER NOT NULL,
    running INTEGER NOT NULL,
    data_id INTEGER NOT NULL, -- the table that is read, or written
    description TEXT NOT NULL,
    UNIQUE (scope, is_import, table_name, code)
) STRICT;
CREATE INDEX transfers_running ON transfers (id) WHERE running;
