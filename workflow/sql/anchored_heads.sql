-- Read where the chains of instances stood after a window of events: of each chain
-- the last event in it.
SELECT DISTINCT ON (instance_id) instance_id, seq, hash
FROM workflow_auditevent
WHERE id > %(after)s AND id <= %(through)s AND instance_id IS NOT NULL
ORDER BY instance_id, seq DESC
