-- The published version of a name, with numbers for an instance of it and its first
-- work item; the groups of whoever acts. A code goes before a title that is the same.
SELECT {process},
    ARRAY(SELECT m.group_id FROM {memberships} AS m WHERE m.user_id = %(by)s::bigint),
    nextval('workflow_processinstance_id_seq'),
    nextval('workflow_workitem_id_seq')
FROM workflow_process AS process
WHERE (process.title = %(name)s OR process.code = %(name)s)
    AND process.status = 'published' AND process.tenant_id = %(tenant)s
ORDER BY process.code <> %(name)s, process.id LIMIT 1
