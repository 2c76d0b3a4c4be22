INSERT INTO workflow_workitem_pull_roles (workitem_id, group_id)
SELECT x.workitem_id, x.group_id
FROM moved, step, jsonb_to_recordset(step.doc -> 'offered') AS x (
    workitem_id bigint, group_id int
)
-- A work item that was given back may have been offered before.
ON CONFLICT (workitem_id, group_id) DO NOTHING
