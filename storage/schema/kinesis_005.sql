-- A put's packs lie behind each other in a segment: so they are neighbours in the index too, at its end, whatever
-- their shards.
DROP INDEX record_segment;
CREATE INDEX record_segment ON record (segment, place) WHERE segment IS NOT NULL;
