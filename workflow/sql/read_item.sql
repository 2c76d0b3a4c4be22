-- A work item with its instance, the version that this is a run of and whoever asked
-- for it; the groups of whoever acts, and numbers for new work items.
SELECT {item}, {instance}, {process}, {requester},
    ARRAY(SELECT m.group_id FROM {memberships} AS m WHERE m.user_id = %(by)s::bigint),
    ARRAY(
        SELECT nextval('workflow_workitem_id_seq')
        FROM generate_series(1, %(spare)s::int)
    )
FROM workflow_workitem AS item
    JOIN workflow_processinstance AS instance ON instance.id = item.instance_id
    JOIN workflow_process AS process ON process.id = instance.process_id
    JOIN {people} AS requester ON requester.id = instance.user_id
WHERE item.id = %(item)s::bigint AND item.tenant_id = %(tenant)s
