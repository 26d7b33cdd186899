-- Its document is that of a CompositeAlarm.
ALTER TABLE alarm ADD COLUMN composite INTEGER NOT NULL DEFAULT 0;
