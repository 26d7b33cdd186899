-- A user's login profile. Of the password nothing is kept.
ALTER TABLE entity ADD COLUMN login_ms INTEGER NOT NULL DEFAULT 0; -- when it was made; 0: there is none
ALTER TABLE entity ADD COLUMN login_reset INTEGER NOT NULL DEFAULT 0; -- a new password must be set at the next login
