-- Versions, and what hangs on a version or an alias; layers; code signing; more of mappings.

ALTER TABLE function ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;     -- ever published; of $LATEST
ALTER TABLE function ADD COLUMN layers TEXT NOT NULL DEFAULT '';             -- ARNs of layer versions, blanks between
ALTER TABLE function ADD COLUMN dead_letter TEXT;
ALTER TABLE function ADD COLUMN snap_start INTEGER NOT NULL DEFAULT 0;
ALTER TABLE function ADD COLUMN signing_config TEXT;                         -- ARN; of $LATEST
ALTER TABLE function ADD COLUMN recursion TEXT NOT NULL DEFAULT 'Terminate'; -- of $LATEST
ALTER TABLE function ADD COLUMN runtime_update TEXT NOT NULL DEFAULT 'Auto';
ALTER TABLE function ADD COLUMN runtime_arn TEXT;
ALTER TABLE function ADD COLUMN vpc TEXT;                                    -- JSON
ALTER TABLE function ADD COLUMN hot_path TEXT;                               -- the code is this folder of the machine
ALTER TABLE function ADD COLUMN log_format TEXT NOT NULL DEFAULT 'Text';
ALTER TABLE function ADD COLUMN app_log_level TEXT;
ALTER TABLE function ADD COLUMN system_log_level TEXT;

CREATE TABLE alias (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    description TEXT NOT NULL,
    extra_version INTEGER NOT NULL,  -- gets the share `extra_weight`; 0: none
    extra_weight REAL NOT NULL,
    revision TEXT NOT NULL,
    UNIQUE (scope_id, function, name)
) STRICT;

-- How accepted events of a function, version or alias are treated.
CREATE TABLE event_config (
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    qualifier TEXT NOT NULL,         -- $LATEST, a version, an alias
    retries_max INTEGER NOT NULL,    -- -1: not set
    age_max_s INTEGER NOT NULL,      -- -1: not set
    on_success TEXT,
    on_failure TEXT,
    modified_ms INTEGER NOT NULL,
    PRIMARY KEY (scope_id, function, qualifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE provisioned (
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    qualifier TEXT NOT NULL,         -- a version, an alias
    wanted INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    PRIMARY KEY (scope_id, function, qualifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE url (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    function TEXT NOT NULL,
    qualifier TEXT NOT NULL,         -- '' or an alias
    url_id TEXT NOT NULL UNIQUE,     -- the first label of its host name
    auth_type TEXT NOT NULL,
    invoke_mode TEXT NOT NULL,
    cors TEXT,                       -- JSON
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    UNIQUE (scope_id, function, qualifier)
) STRICT;

-- Version numbers are never given out twice.
CREATE TABLE layer (
    scope_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    last_version INTEGER NOT NULL,
    PRIMARY KEY (scope_id, name)
) STRICT, WITHOUT ROWID;

-- A deleted version stays as long as functions use it.
CREATE TABLE layer_version (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    arn TEXT NOT NULL,
    description TEXT NOT NULL,
    license TEXT,
    runtimes TEXT NOT NULL,          -- blanks between
    architectures TEXT NOT NULL,     -- blanks between
    created_ms INTEGER NOT NULL,
    code_id TEXT NOT NULL,
    code_sha256 TEXT NOT NULL,
    code_size INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    UNIQUE (scope_id, name, version)
) STRICT;

CREATE TABLE signing_config (
    id INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL,
    config_id TEXT NOT NULL,
    description TEXT,
    publishers TEXT NOT NULL,        -- ARNs, blanks between
    policy TEXT NOT NULL,            -- Warn, Enforce
    modified_ms INTEGER NOT NULL,
    tags TEXT NOT NULL,              -- JSON object
    UNIQUE (scope_id, config_id)
) STRICT;

ALTER TABLE mapping ADD COLUMN filters TEXT;                              -- JSON array of patterns
ALTER TABLE mapping ADD COLUMN on_failure TEXT;
ALTER TABLE mapping ADD COLUMN tumbling_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mapping ADD COLUMN partial INTEGER NOT NULL DEFAULT 0;        -- ReportBatchItemFailures
ALTER TABLE mapping ADD COLUMN max_concurrency INTEGER NOT NULL DEFAULT 0;

-- A tumbling window that is open: where it began, what the function returned last.
CREATE TABLE window (
    mapping_id INTEGER NOT NULL,
    shard TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    state TEXT NOT NULL,             -- JSON object
    PRIMARY KEY (mapping_id, shard)
) STRICT, WITHOUT ROWID;
