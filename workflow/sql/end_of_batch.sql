-- Find the instance with which a batch of audit events is full.
SELECT instance_id
FROM workflow_auditevent
WHERE instance_id > %(after)s
ORDER BY instance_id, seq
OFFSET %(events)s
LIMIT 1
