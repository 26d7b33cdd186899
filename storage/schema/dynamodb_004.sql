-- Kinesis streams that get a table's changes. A row stays when the delivery is switched off.
CREATE TABLE destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id INTEGER NOT NULL,
    stream_arn TEXT NOT NULL,
    active INTEGER NOT NULL,
    microseconds INTEGER NOT NULL,
    next INTEGER NOT NULL, -- the first change that has not been delivered
    problem TEXT, -- why it is not active any more
    UNIQUE (table_id, stream_arn)
) STRICT;
