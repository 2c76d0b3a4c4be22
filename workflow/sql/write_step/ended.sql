UPDATE workflow_timer AS t
SET state = CASE WHEN t.id = x.fired THEN 'done' ELSE 'dropped' END
FROM moved, step, jsonb_to_recordset(step.doc -> 'ended') AS x (
    workitem_id bigint, fired bigint, only_fired boolean
)
WHERE t.workitem_id = x.workitem_id
    AND t.tenant_id = moved.tenant_id
    AND t.state = 'pending'
    AND (t.id = x.fired OR NOT x.only_fired)
