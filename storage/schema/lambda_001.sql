-- Lambda: functions and their policies, invocations that were accepted and not yet carried out, event source mappings.

CREATE TABLE function (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,       -- 0 is $LATEST
    role TEXT NOT NULL,
    runtime TEXT NOT NULL,
    handler TEXT NOT NULL,
    description TEXT NOT NULL,
    timeout_s INTEGER NOT NULL,
    memory_mb INTEGER NOT NULL,
    ephemeral_mb INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    environment TEXT,               -- JSON object; NULL when none was given
    kms_key_arn TEXT,
    tracing TEXT NOT NULL,
    log_group TEXT,                 -- NULL: /aws/lambda/<name>
    reserved INTEGER NOT NULL,      -- reserved concurrency, -1 for none
    tags TEXT NOT NULL,             -- JSON object
    revision TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    code_id TEXT NOT NULL,          -- of the package among the blobs, and of the unpacked folder
    code_sha256 TEXT NOT NULL,
    code_size INTEGER NOT NULL,
    UNIQUE (scope_id, name, version)
) STRICT;

-- Statements of functions' resource policies, in the order they were added.
CREATE TABLE permission (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    sid TEXT NOT NULL,
    statement TEXT NOT NULL,        -- JSON object
    UNIQUE (scope_id, function, sid)
) STRICT;

-- Accepted with 202: each is carried out, retried or given up, then removed.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    arn TEXT NOT NULL,              -- as the caller named it
    request_id TEXT NOT NULL,
    client_context TEXT,
    payload BLOB NOT NULL,
    attempts INTEGER NOT NULL,      -- that the function failed
    delays INTEGER NOT NULL,        -- that there was no room to run it
    accepted_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX event_due ON event (due_ms, id);

CREATE TABLE mapping (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    function TEXT NOT NULL,
    function_arn TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    batch_size INTEGER NOT NULL,
    window_s INTEGER NOT NULL,
    parallelization INTEGER NOT NULL,
    starting_position TEXT NOT NULL,
    starting_ms INTEGER,            -- with AT_TIMESTAMP
    age_max_s INTEGER NOT NULL,     -- -1: no limit
    retries_max INTEGER NOT NULL,   -- -1: no limit
    bisect INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    last_result TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (scope_id, source_arn, function_arn)
) STRICT;
CREATE INDEX mapping_function ON mapping (scope_id, function);

-- How far a mapping has come in each shard: everything up to `sequence` was handled.
CREATE TABLE checkpoint (
    mapping_id INTEGER NOT NULL,
    shard TEXT NOT NULL,
    sequence TEXT NOT NULL,
    PRIMARY KEY (mapping_id, shard)
) STRICT, WITHOUT ROWID;
