-- Attributes and tags are JSON objects of strings; attributes hold only what a client has set.
CREATE TABLE topic (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL REFERENCES scope (id),
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes TEXT,
    tags TEXT,
    data_protection TEXT, -- a policy, as it was put
    deleted INTEGER NOT NULL DEFAULT 0, -- subscriptions that were
    sequence INTEGER NOT NULL DEFAULT 0, -- FIFO: of the newest message
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
    uuid TEXT NOT NULL UNIQUE, -- the end of its ARN
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    owner TEXT NOT NULL, -- account
    principal TEXT NOT NULL, -- ARN of who subscribed
    origin TEXT NOT NULL, -- scheme and host by which this server was reached then
    pending INTEGER NOT NULL,
    authenticated INTEGER NOT NULL, -- confirmed by its owner, or needed no confirmation
    guarded INTEGER NOT NULL DEFAULT 0, -- AuthenticateOnUnsubscribe
    token TEXT NOT NULL UNIQUE,
    attributes TEXT,
    UNIQUE (topic, protocol, endpoint)
) STRICT;

-- HTTP deliveries that have not succeeded yet. The lane is the subscription that was: deliveries of one go one after
-- the other, and outlive it.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    endpoint TEXT NOT NULL,
    topic_arn TEXT NOT NULL,
    subscription_arn TEXT,
    type TEXT NOT NULL, -- Notification, SubscriptionConfirmation, UnsubscribeConfirmation
    message_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    raw INTEGER NOT NULL,
    policy TEXT, -- the effective retry policy as JSON; NULL: the default
    dead_letter TEXT, -- ARN of a queue
    body TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_by_lane ON delivery (lane, due_ms, id);

-- What came to a FIFO topic in the last minutes.
CREATE TABLE seen (
    topic INTEGER NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (topic, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen (until_ms);

-- Messages to phones, mailboxes and apps: nobody delivers them, they are kept to be looked at.
CREATE TABLE kept (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL REFERENCES scope (id),
    kind INTEGER NOT NULL, -- enum sns_kept
    target TEXT NOT NULL, -- phone number, mail address, ARN of an endpoint
    json TEXT NOT NULL
) STRICT;
CREATE INDEX kept_by_target ON kept (scope, kind, target, id);

CREATE TABLE application (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL REFERENCES scope (id),
    name TEXT NOT NULL, -- PLATFORM/name
    attributes TEXT,
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE endpoint (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application INTEGER NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    uuid TEXT NOT NULL UNIQUE,
    attributes TEXT -- with the Token of the device
) STRICT;
CREATE INDEX endpoint_by_token ON endpoint (application, attributes ->> '$.Token');

CREATE TABLE phone (
    scope INTEGER NOT NULL REFERENCES scope (id),
    number TEXT NOT NULL,
    kind INTEGER NOT NULL, -- enum sns_phone_kind
    state TEXT NOT NULL, -- of a sandbox number: its code, or '' once it is verified
    PRIMARY KEY (scope, kind, number)
) STRICT, WITHOUT ROWID;

-- One row per account and region: what SetSMSAttributes set.
CREATE TABLE sms (
    id INTEGER PRIMARY KEY REFERENCES scope (id),
    attributes TEXT
) STRICT;

-- One row, made when the first message is signed.
CREATE TABLE signing_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    private_key TEXT NOT NULL, -- PEM
    certificate TEXT NOT NULL
) STRICT;
