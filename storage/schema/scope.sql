-- In every database: whose rows they are. See storage/scope.h.
CREATE TABLE scope (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    UNIQUE (account, region)
) STRICT;
