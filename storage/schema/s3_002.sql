-- The object of that key was removed for good since the upload began.
ALTER TABLE upload ADD COLUMN key_removed INTEGER NOT NULL DEFAULT 0;
