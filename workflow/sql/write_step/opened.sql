INSERT INTO workflow_incident (
    tenant_id, instance_id, workitem_id, kind, message, trace, attempts,
    opened_at, resolution, reason
)
SELECT moved.tenant_id, moved.id, x.workitem_id, x.kind, x.message, x.trace,
    x.attempts, x.opened_at, '', ''
FROM moved, step, jsonb_to_recordset(step.doc -> 'opened') AS x (
    workitem_id bigint, kind text, message text, trace text, attempts int,
    opened_at timestamptz
)
-- One at a time is open on a work item; the first says what is wrong.
ON CONFLICT (workitem_id) WHERE resolved_at IS NULL DO NOTHING
