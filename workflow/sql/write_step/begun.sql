-- A new instance.
INSERT INTO workflow_processinstance (
    id, tenant_id, org_id, title, process_id, process_version, user_id,
    "creationTime", status, priority, condition, content_type_id, object_id, data,
    marking, closed_at, audit_seq, audit_head, version, parent_workitem_id,
    root_id, depth, idempotency_key
)
SELECT x.id, x.tenant_id, x.org_id, x.title, x.process_id, x.process_version,
    x.user_id, x.created_at, x.status, x.priority, x.condition, x.content_type_id,
    x.object_id, x.data, x.marking, x.closed_at, x.audit_seq, x.audit_head,
    x.version + 1, x.parent_workitem_id, x.root_id, x.depth, x.idempotency_key
FROM step, jsonb_to_record(step.doc -> 'instance') AS x (
    id bigint, tenant_id text, version int, status text, condition text,
    marking jsonb, data jsonb, closed_at timestamptz, audit_seq int,
    audit_head text, org_id text, title text, process_id bigint,
    process_version int, user_id bigint, created_at timestamptz, priority int,
    content_type_id int, object_id text, parent_workitem_id bigint, root_id bigint,
    depth int, idempotency_key text
)
RETURNING id, tenant_id, org_id, process_id
