-- An instance with the version that it is a run of and whoever asked for it; the groups
-- of whoever acts, and numbers for new work items.
SELECT {instance}, {process}, {requester},
    ARRAY(SELECT m.group_id FROM {memberships} AS m WHERE m.user_id = %(by)s::bigint),
    ARRAY(
        SELECT nextval('workflow_workitem_id_seq')
        FROM generate_series(1, %(spare)s::int)
    )
FROM workflow_processinstance AS instance
    JOIN workflow_process AS process ON process.id = instance.process_id
    JOIN {people} AS requester ON requester.id = instance.user_id
WHERE instance.id = %(instance)s::bigint AND instance.tenant_id = %(tenant)s
