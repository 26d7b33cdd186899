-- Records that one put gave to one shard are one row, a pack (storage/kinesis_pack.h); those that came alone and are
-- small stay as they were. id is that of the first, and the others follow it without a hole; all arrived together.
ALTER TABLE record ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
-- The file of <data>/kinesis that holds the pack, and where; NULL: `data` holds it, or is the only record's.
ALTER TABLE record ADD COLUMN segment INTEGER;
ALTER TABLE record ADD COLUMN place INTEGER;
CREATE INDEX record_segment ON record (segment) WHERE segment IS NOT NULL;
