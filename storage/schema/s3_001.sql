CREATE TABLE bucket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE, -- global, whoever owns it
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    versioning INTEGER NOT NULL DEFAULT 0, -- enum s3_versioning
    object_lock INTEGER NOT NULL DEFAULT 0,
    documents INTEGER NOT NULL DEFAULT 0 -- a bit for each kind that is there, so that most requests look for none
) STRICT;

CREATE INDEX bucket_account ON bucket (account, name);

-- What is configured for a bucket, by kind (enum s3_document) and, where there may be several, by id.
CREATE TABLE document (
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (bucket, kind, id)
) STRICT, WITHOUT ROWID;

-- Content files. A file without references is removed, and its row after it.
CREATE TABLE blob (
    id TEXT PRIMARY KEY,
    refs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_garbage ON blob (id) WHERE refs = 0;

-- One row per version and delete marker. A higher id is a newer version; ids are never used again.
CREATE TABLE version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    key TEXT NOT NULL,
    state INTEGER NOT NULL, -- 1: the present object of its key, 2: the present delete marker, 0: an older one
    marker INTEGER NOT NULL,
    null_version INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    account TEXT NOT NULL, -- its owner
    storage_class TEXT NOT NULL,
    checksum_algorithm INTEGER NOT NULL,
    checksum_type INTEGER NOT NULL,
    checksum TEXT,
    head BLOB, -- name NUL value NUL ...
    tags BLOB, -- likewise
    lock_mode INTEGER NOT NULL DEFAULT 0,
    retain_until_ms INTEGER NOT NULL DEFAULT 0,
    legal_hold INTEGER NOT NULL DEFAULT 0,
    restore_until_ms INTEGER NOT NULL DEFAULT 0,
    acl TEXT,
    upload INTEGER, -- whose parts are the content
    blob TEXT, -- the file that is the content
    data BLOB -- or the content itself, when it is small
) STRICT;

-- A page of a listing is a range of the first of these, and nothing else is read for it.
CREATE INDEX version_present ON version
    (bucket, key, size, modified_ms, etag, storage_class, checksum_algorithm, checksum_type, account, restore_until_ms)
    WHERE state = 1;
CREATE INDEX version_other ON version (bucket, key, id DESC, state, null_version) WHERE state <> 1;

-- A multipart upload; once completed it lives as long as the version whose parts it holds.
CREATE TABLE upload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    key TEXT NOT NULL,
    account TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    version INTEGER, -- that it became; NULL while it is open
    storage_class TEXT NOT NULL,
    checksum_algorithm INTEGER NOT NULL,
    checksum_type INTEGER NOT NULL,
    head BLOB,
    tags BLOB,
    lock_mode INTEGER NOT NULL,
    retain_until_ms INTEGER NOT NULL,
    legal_hold INTEGER NOT NULL,
    acl TEXT
) STRICT;

CREATE INDEX upload_open ON upload (bucket, key, id) WHERE version IS NULL;

CREATE TABLE part (
    upload INTEGER NOT NULL REFERENCES upload (id),
    number INTEGER NOT NULL,
    start INTEGER NOT NULL DEFAULT 0, -- in the object, once that is complete
    size INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT,
    head BLOB, -- what is needed to decrypt it
    blob TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
