INSERT INTO workflow_auditevent (
    tenant_id, created_at, action, actor_id, actor_label, process_id, instance_id,
    workitem_id, activity_id, transition_id, status_from, status_to, metadata, seq,
    prev_hash, hash
)
SELECT moved.tenant_id, x.created_at, x.action, x.actor_id, x.actor_label,
    moved.process_id, moved.id, x.workitem_id, x.activity_id, x.transition_id,
    x.status_from, x.status_to, x.metadata, x.seq, x.prev_hash, x.hash
FROM moved, step, jsonb_to_recordset(step.doc -> 'written') AS x (
    created_at timestamptz, action text, actor_id bigint, actor_label text,
    workitem_id bigint, activity_id bigint, transition_id bigint,
    status_from text, status_to text, metadata jsonb, seq int, prev_hash text,
    hash text
)
