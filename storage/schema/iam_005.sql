-- What an account has once.
CREATE TABLE account (
    scope           INTEGER PRIMARY KEY,
    alias           TEXT UNIQUE, -- over all accounts
    password_policy TEXT         -- JSON
) STRICT;
