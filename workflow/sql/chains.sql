-- Read the audit chains of a range of instances, each followed by the head that its
-- instance names; one statement, so that a step cannot come between chain and head.
-- The stamp of another tenant is a change like any other, so it is not asked for.
SELECT *
FROM (
    SELECT
        tenant_id,
        coalesce(
            replace(
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                '.000000', ''
            ) || '+00:00',
            created_at::text
        ) AS created_at,
        action, actor_id, process_id, instance_id, workitem_id, activity_id,
        transition_id, status_from, status_to, metadata::text, seq, prev_hash, hash,
        false AS is_head
    FROM workflow_auditevent
    WHERE instance_id > %(after)s AND instance_id <= %(through)s
    UNION ALL
    SELECT
        '', '', '', NULL, NULL, id, NULL, NULL, NULL, '', '', '', audit_seq, '',
        audit_head, true
    FROM workflow_processinstance
    WHERE id > %(after)s AND id <= %(through)s
) AS chains
ORDER BY instance_id, is_head, seq
