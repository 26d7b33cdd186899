-- Records go to the shards by turns, whatever their keys: the record distribution strategy AUTO.
ALTER TABLE stream ADD COLUMN spread INTEGER NOT NULL DEFAULT 0;
