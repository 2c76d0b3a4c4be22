INSERT INTO workflow_timer (
    tenant_id, kind, instance_id, workitem_id, transition_id, due_at, state,
    attempts, created_at
)
SELECT moved.tenant_id, x.kind, x.instance_id, x.workitem_id, x.transition_id,
    x.due_at, 'pending', 0, x.created_at
FROM moved, step, jsonb_to_recordset(step.doc -> 'armed') AS x (
    kind text, instance_id bigint, workitem_id bigint, transition_id bigint,
    due_at timestamptz, created_at timestamptz
)
