INSERT INTO workflow_workitem (
    id, tenant_id, org_id, instance_id, activity_id, user_id, status, condition,
    priority, date, created_at, available_at, completed_at, forwarded_at,
    returns, attempts, version, workitem_from_id
)
SELECT x.id, moved.tenant_id, moved.org_id, moved.id, x.activity_id, x.user_id,
    x.status, x.condition, x.priority, x.date, x.created_at, x.available_at,
    x.completed_at, x.forwarded_at, false, 0, 0, x.workitem_from_id
FROM moved, step, jsonb_to_recordset(step.doc -> 'created') AS x (
    id bigint, activity_id bigint, user_id bigint, status text, condition text,
    priority int, date timestamptz, created_at timestamptz,
    available_at timestamptz, completed_at timestamptz, forwarded_at timestamptz,
    workitem_from_id bigint
)
