-- Read the chain of the events that belong to no instance, followed by its head;
-- as in chains.sql.
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
    WHERE instance_id IS NULL
    UNION ALL
    SELECT
        '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', seq, '', hash, true
    FROM workflow_audithead
) AS chain
ORDER BY is_head, seq
