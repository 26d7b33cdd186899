-- The log of changes, and the streams that show parts of it to clients.
--
-- id is the table's id << 40 | number: appending touches one leaf page, reading is one range of the table itself.
-- Numbers follow the order of commits. The newest change of a table that is still there is never trimmed, so that no
-- number is given twice.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    cause INTEGER NOT NULL, -- enum ddb_cause
    before BLOB, -- the item as it was and as it became; NULL where there was none
    after BLOB
) STRICT;

-- A stream outlives its table, or being switched off, by a day.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    label TEXT NOT NULL,
    table_id INTEGER NOT NULL,
    view INTEGER NOT NULL, -- enum ddb_view
    created_ms INTEGER NOT NULL,
    first INTEGER NOT NULL, -- number of its first change
    closed_ms INTEGER, -- NULL while it is on
    last INTEGER, -- number after its last change, once it is closed
    definition TEXT NOT NULL, -- of the table: its key
    UNIQUE (scope, table_name, label)
) STRICT;

-- How long changes of the table are kept; 0: a day.
ALTER TABLE tables ADD COLUMN keep_ms INTEGER NOT NULL DEFAULT 0;
