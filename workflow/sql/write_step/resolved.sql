UPDATE workflow_incident AS i
SET resolved_at = x.resolved_at,
    resolved_by_id = x.resolved_by,
    resolution = x.resolution,
    reason = x.reason
FROM moved, step, jsonb_to_recordset(step.doc -> 'resolved') AS x (
    workitem_id bigint, resolution text, reason text, resolved_at timestamptz,
    resolved_by bigint
)
WHERE i.workitem_id = x.workitem_id AND i.instance_id = moved.id
    AND i.resolved_at IS NULL
