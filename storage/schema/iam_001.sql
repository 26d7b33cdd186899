-- Roles (kind 1), users (2) and instance profiles (3) have nearly everything in common, so they share a table.
-- Names are unique without regard to case, as in AWS, and found with it.
CREATE TABLE entity (
    id          INTEGER PRIMARY KEY,
    scope       INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    name        TEXT NOT NULL,
    path        TEXT NOT NULL,
    unique_id   TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    description TEXT,
    trust       TEXT,
    session_s   INTEGER NOT NULL,
    boundary    TEXT,
    tags        TEXT,
    used_ms     INTEGER NOT NULL DEFAULT 0,
    used_region TEXT
) STRICT;
CREATE UNIQUE INDEX entity_name ON entity (scope, kind, name COLLATE NOCASE);
CREATE INDEX entity_order ON entity (scope, kind, name);

CREATE TABLE inline_policy (
    entity   INTEGER NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (entity, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    id          INTEGER PRIMARY KEY,
    scope       INTEGER NOT NULL,
    name        TEXT NOT NULL,
    path        TEXT NOT NULL,
    unique_id   TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    description TEXT,
    tags        TEXT,
    version     INTEGER NOT NULL, -- the default one
    last        INTEGER NOT NULL  -- the highest number ever given
) STRICT;
CREATE UNIQUE INDEX policy_name ON policy (scope, name COLLATE NOCASE);
CREATE INDEX policy_order ON policy (scope, name);

CREATE TABLE policy_version (
    policy     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    document   TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (policy, version)
) STRICT, WITHOUT ROWID;

-- By ARN, for policies of AWS have no row. name and path are parts of the ARN.
CREATE TABLE attachment (
    entity INTEGER NOT NULL,
    arn    TEXT NOT NULL,
    name   TEXT NOT NULL,
    path   TEXT NOT NULL,
    PRIMARY KEY (entity, arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_arn ON attachment (arn);

CREATE TABLE profile_role (
    profile INTEGER PRIMARY KEY, -- holds one role at most
    role    INTEGER NOT NULL
) STRICT;
CREATE INDEX profile_role_role ON profile_role (role);

CREATE TABLE access_key (
    id         TEXT PRIMARY KEY,
    entity     INTEGER NOT NULL, -- a user
    account    TEXT NOT NULL,
    secret     TEXT NOT NULL,
    active     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_key_entity ON access_key (entity);

CREATE TABLE session (
    id         TEXT PRIMARY KEY, -- the access key
    account    TEXT NOT NULL,
    secret     TEXT NOT NULL,
    token      TEXT NOT NULL,
    arn        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_expiry ON session (expires_ms);
