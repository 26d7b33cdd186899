-- What a session may do at most, as AssumeRole was told: a policy, and the ARNs of managed ones with
-- spaces between them. NULL: none.
ALTER TABLE session ADD COLUMN policy TEXT;
ALTER TABLE session ADD COLUMN policy_arns TEXT;
