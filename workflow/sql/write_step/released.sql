UPDATE workflow_workitem AS w
SET status = x.status,
    user_id = x.user_id,
    -- After a join the outcome is that of the token that arrived last.
    condition = CASE WHEN x.arrived THEN x.condition ELSE w.condition END,
    date = x.date,
    available_at = x.available_at,
    completed_at = x.completed_at,
    forwarded_at = x.forwarded_at,
    version = w.version + 1
FROM moved, step, jsonb_to_recordset(step.doc -> 'released') AS x (
    id bigint, status text, user_id bigint, condition text, arrived boolean,
    date timestamptz, available_at timestamptz, completed_at timestamptz, forwarded_at timestamptz
)
WHERE w.id = x.id AND w.instance_id = moved.id
    -- One whose join can never fire has fallen out.
    AND w.status IN ('blocked', 'fallout')
    AND w.tenant_id = moved.tenant_id
RETURNING w.id
