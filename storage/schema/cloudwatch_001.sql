-- Metrics, the points put into them, alarms and dashboards.

CREATE TABLE metric (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    scope     INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    identity  TEXT NOT NULL, -- JSON of namespace, name and dimensions in order: equal metrics have equal ones
    last_ms   INTEGER NOT NULL, -- the newest time of its points
    UNIQUE (scope, identity)
) STRICT;
CREATE INDEX metric_by_name ON metric (scope, namespace, name);

-- As they came, not yet summed up: a period may be of any length.
CREATE TABLE point (
    metric_id INTEGER NOT NULL,
    at_s      INTEGER NOT NULL, -- the beginning of its minute, or its second where it has high resolution
    unit      TEXT NOT NULL,
    samples   REAL NOT NULL,
    sum       REAL NOT NULL,
    minimum   REAL NOT NULL,
    maximum   REAL NOT NULL,
    pairs     BLOB NOT NULL -- doubles: value, how often, value, ...; empty where only the sums are known
) STRICT;
CREATE INDEX point_by_time ON point (metric_id, at_s);

CREATE TABLE alarm (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    scope     INTEGER NOT NULL,
    name      TEXT NOT NULL,
    document  TEXT NOT NULL, -- JSON of a MetricAlarm
    tags      TEXT NOT NULL DEFAULT '',
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE alarm_history (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    scope    INTEGER NOT NULL,
    alarm    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    document TEXT NOT NULL -- JSON of an AlarmHistoryItem
) STRICT;
CREATE INDEX alarm_history_by_time ON alarm_history (scope, at_ms);

CREATE TABLE dashboard (
    scope       INTEGER NOT NULL,
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    tags        TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
