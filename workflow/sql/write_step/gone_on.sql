-- An instance that is there. Every other part hangs on this one, so a step that read
-- an old version, or a row with the stamp of another tenant, writes nothing.
UPDATE workflow_processinstance AS i
SET status = x.status,
    condition = x.condition,
    marking = x.marking,
    data = x.data,
    closed_at = x.closed_at,
    audit_seq = x.audit_seq,
    audit_head = x.audit_head,
    version = i.version + 1
FROM step, jsonb_to_record(step.doc -> 'instance') AS x (
    id bigint, tenant_id text, version int, status text, condition text,
    marking jsonb, data jsonb, closed_at timestamptz, audit_seq int, audit_head text
)
WHERE i.id = x.id AND i.version = x.version AND i.tenant_id = x.tenant_id
RETURNING i.id, i.tenant_id, i.org_id, i.process_id
