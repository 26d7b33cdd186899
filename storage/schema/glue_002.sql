-- What kind of function it is stands beside its document, so that a list by kind need not read documents.
ALTER TABLE user_function ADD COLUMN type TEXT NOT NULL DEFAULT 'REGULAR_FUNCTION';
UPDATE user_function SET type = coalesce(json_extract(document, '$.FunctionType'), type);
