-- OpenID Connect providers. url is without https://, as in their ARN.
CREATE TABLE oidc_provider (
    scope    INTEGER NOT NULL,
    url      TEXT NOT NULL,
    document TEXT NOT NULL, -- JSON: clients, thumbprints
    tags     TEXT,
    PRIMARY KEY (scope, url)
) STRICT, WITHOUT ROWID;
