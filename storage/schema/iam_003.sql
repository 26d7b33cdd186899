-- Groups are entities too (kind 4). Who is in which:
CREATE TABLE group_user (
    user_group INTEGER NOT NULL,
    user       INTEGER NOT NULL,
    PRIMARY KEY (user_group, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_user_user ON group_user (user);
