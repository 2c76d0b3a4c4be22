UPDATE workflow_workitem AS w
SET status = x.status,
    user_id = x.user_id,
    condition = x.condition,
    date = x.date,
    activated_at = x.activated_at,
    completed_at = x.completed_at,
    forwarded_at = x.forwarded_at,
    delegated_by_id = x.delegated_by_id,
    returns = x.returns,
    attempts = x.attempts,
    priority = x.priority,
    version = w.version + 1
FROM moved, step, jsonb_to_recordset(step.doc -> 'changed') AS x (
    id bigint, version int, status text, user_id bigint, condition text,
    delegated_by_id bigint, returns boolean, attempts int, priority int,
    date timestamptz, activated_at timestamptz, completed_at timestamptz,
    forwarded_at timestamptz
)
WHERE w.id = x.id AND w.version = x.version AND w.tenant_id = moved.tenant_id
RETURNING w.id
