-- Write what happens to an instance and to all that its subflows began: they are
-- paused, resumed or ended together. The rows are locked by whoever calls this.
WITH tree AS (
    SELECT %(tree)s::jsonb AS doc
),
moved AS (
    UPDATE workflow_processinstance AS i
    SET status = x.status,
        old_status = x.old_status,
        marking = x.marking,
        closed_at = x.closed_at,
        close_reason = x.close_reason,
        audit_seq = x.audit_seq,
        audit_head = x.audit_head,
        version = i.version + 1
    FROM tree, jsonb_to_recordset(tree.doc -> 'instances') AS x (
        id bigint, tenant_id text, status text, old_status text, marking jsonb,
        closed_at timestamptz, close_reason text, audit_seq int, audit_head text,
        work text
    )
    WHERE i.id = x.id AND i.tenant_id = x.tenant_id
    RETURNING i.id, i.tenant_id, i.process_id, x.work
),
items AS (
    UPDATE workflow_workitem AS w
    SET status = CASE moved.work
            WHEN 'pause' THEN 'suspended'
            WHEN 'resume' THEN w.old_status
            ELSE 'cancelled'
        END,
        old_status = CASE moved.work WHEN 'pause' THEN w.status END,
        date = (tree.doc ->> 'now')::timestamptz,
        version = w.version + 1
    FROM moved, tree
    WHERE w.instance_id = moved.id
        AND w.tenant_id = moved.tenant_id
        AND CASE moved.work
            WHEN 'pause' THEN w.status IN ('blocked', 'inactive', 'active')
            WHEN 'resume' THEN w.status = 'suspended'
            WHEN 'end' THEN
                w.status IN ('blocked', 'inactive', 'active', 'suspended', 'fallout')
            ELSE false
        END
),
fallen AS (
    UPDATE workflow_workitem AS w
    SET status = 'fallout',
        old_status = NULL,
        date = (tree.doc ->> 'now')::timestamptz,
        version = w.version + 1
    FROM moved, tree
    WHERE w.id = (tree.doc ->> 'fallen')::bigint
        AND w.instance_id = moved.id
        AND w.tenant_id = moved.tenant_id
),
timers AS (
    UPDATE workflow_timer AS t
    SET state = CASE moved.work
            WHEN 'pause' THEN 'paused'
            WHEN 'resume' THEN 'pending'
            ELSE 'dropped'
        END,
        remaining = CASE moved.work
            WHEN 'pause' THEN t.due_at - (tree.doc ->> 'now')::timestamptz
        END,
        due_at = CASE moved.work
            WHEN 'resume' THEN (tree.doc ->> 'now')::timestamptz + t.remaining
            ELSE t.due_at
        END
    FROM moved, tree
    WHERE t.instance_id = moved.id
        AND t.tenant_id = moved.tenant_id
        AND CASE moved.work
            WHEN 'pause' THEN t.state = 'pending'
            WHEN 'resume' THEN t.state = 'paused'
            WHEN 'end' THEN t.state IN ('pending', 'paused')
            ELSE false
        END
),
resolved AS (
    UPDATE workflow_incident AS i
    SET resolved_at = (tree.doc ->> 'now')::timestamptz,
        resolved_by_id = (tree.doc ->> 'by')::bigint,
        resolution = 'cancelled',
        reason = tree.doc ->> 'reason'
    FROM moved, tree
    WHERE i.instance_id = moved.id
        AND i.tenant_id = moved.tenant_id
        AND i.resolved_at IS NULL
        AND moved.work = 'end'
),
opened AS (
    INSERT INTO workflow_incident (
        tenant_id, instance_id, workitem_id, kind, message, trace, attempts,
        opened_at, resolution, reason
    )
    SELECT moved.tenant_id, moved.id, x.workitem_id, x.kind, x.message, x.trace,
        x.attempts, x.opened_at, '', ''
    FROM tree, jsonb_to_recordset(tree.doc -> 'incidents') AS x (
            instance_id bigint, workitem_id bigint, kind text, message text,
            trace text, attempts int, opened_at timestamptz
        )
        JOIN moved ON moved.id = x.instance_id
    ON CONFLICT (workitem_id) WHERE resolved_at IS NULL DO NOTHING
),
armed AS (
    INSERT INTO workflow_timer (
        tenant_id, kind, instance_id, workitem_id, transition_id, due_at, state,
        attempts, created_at
    )
    SELECT moved.tenant_id, x.kind, moved.id, x.workitem_id, NULL, x.due_at,
        'pending', 0, x.created_at
    FROM tree, jsonb_to_recordset(tree.doc -> 'armed') AS x (
            kind text, instance_id bigint, workitem_id bigint, due_at timestamptz,
            created_at timestamptz
        )
        JOIN moved ON moved.id = x.instance_id
),
written AS (
    INSERT INTO workflow_auditevent (
        tenant_id, created_at, action, actor_id, actor_label, process_id, instance_id,
        workitem_id, activity_id, transition_id, status_from, status_to, metadata, seq,
        prev_hash, hash
    )
    SELECT moved.tenant_id, x.created_at, x.action, x.actor_id, x.actor_label,
        moved.process_id, moved.id, x.workitem_id, x.activity_id, NULL,
        x.status_from, x.status_to, x.metadata, x.seq, x.prev_hash, x.hash
    FROM tree, jsonb_to_recordset(tree.doc -> 'events') AS x (
            created_at timestamptz, action text, actor_id bigint, actor_label text,
            instance_id bigint, workitem_id bigint, activity_id bigint,
            status_from text, status_to text, metadata jsonb, seq int, prev_hash text,
            hash text
        )
        JOIN moved ON moved.id = x.instance_id
)
SELECT count(*) FROM moved
