-- A version with the keys of its begin and its end, and the groups that may start it.
SELECT {process}, coalesce(first.key, ''), coalesce(last.key, ''),
    ARRAY(
        SELECT g.group_id FROM workflow_process_start_groups AS g
        WHERE g.process_id = process.id ORDER BY 1
    )
FROM workflow_process AS process
    LEFT JOIN workflow_activity AS first ON first.id = process.begin_id
    LEFT JOIN workflow_activity AS last ON last.id = process.end_id
WHERE process.id = %(process)s::bigint AND process.tenant_id = %(tenant)s
