-- Write everything that a step decided: instance, work items, timers and audit.
-- Every part hangs on `moved`, so a step that read an old version, or a row with the
-- stamp of another tenant, writes nothing.
WITH step AS (
    SELECT %(step)s::jsonb AS doc
),
here AS (
    SELECT x.*
    FROM step, jsonb_to_record(step.doc -> 'instance') AS x (
        id bigint, tenant_id text, version int, status text, condition text,
        marking jsonb, data jsonb, closed_at timestamptz, audit_seq int,
        audit_head text, born jsonb
    )
),
begun AS (
    INSERT INTO workflow_processinstance (
        id, tenant_id, org_id, title, process_id, process_version, user_id,
        "creationTime", status, priority, condition, content_type_id, object_id, data,
        marking, closed_at, audit_seq, audit_head, version, parent_workitem_id,
        root_id, depth, idempotency_key
    )
    SELECT here.id, here.tenant_id, x.org_id, x.title, x.process_id, x.process_version,
        x.user_id, x.created_at, here.status, x.priority, here.condition,
        x.content_type_id, x.object_id, here.data, here.marking, here.closed_at,
        here.audit_seq, here.audit_head, here.version + 1, x.parent_workitem_id,
        x.root_id, x.depth, x.idempotency_key
    FROM here, jsonb_to_record(here.born) AS x (
        org_id text, title text, process_id bigint, process_version int,
        user_id bigint, created_at timestamptz, priority int, content_type_id int,
        object_id text, parent_workitem_id bigint, root_id bigint, depth int,
        idempotency_key text
    )
    WHERE here.born IS NOT NULL
    RETURNING id, tenant_id, org_id, process_id
),
gone_on AS (
    UPDATE workflow_processinstance AS i
    SET status = x.status,
        condition = x.condition,
        marking = x.marking,
        data = x.data,
        closed_at = x.closed_at,
        audit_seq = x.audit_seq,
        audit_head = x.audit_head,
        version = i.version + 1
    FROM here AS x
    WHERE i.id = x.id AND i.version = x.version AND i.tenant_id = x.tenant_id
        AND x.born IS NULL
    RETURNING i.id, i.tenant_id, i.org_id, i.process_id
),
moved AS (
    SELECT * FROM begun UNION ALL SELECT * FROM gone_on
),
changed AS (
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
),
released AS (
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
),
created AS (
    INSERT INTO workflow_workitem (
        id, tenant_id, org_id, instance_id, activity_id, user_id, status, condition,
        priority, date, created_at, available_at, completed_at, forwarded_at,
        returns, attempts, version, workitem_from_id
    )
    SELECT x.id, moved.tenant_id, moved.org_id, moved.id, x.activity_id, x.user_id,
        x.status, x.condition, x.priority, x.date, x.created_at, x.available_at,
        x.completed_at, x.forwarded_at, false, 0, 0, x.workitem_from_id
    FROM moved, step, jsonb_to_recordset(step.doc -> 'created') AS x (
        id bigint, activity_id bigint, user_id bigint, status text, condition text,
        priority int, date timestamptz, created_at timestamptz,
        available_at timestamptz, completed_at timestamptz, forwarded_at timestamptz,
        workitem_from_id bigint
    )
),
offered AS (
    INSERT INTO workflow_workitem_pull_roles (workitem_id, group_id)
    SELECT x.workitem_id, x.group_id
    FROM moved, step, jsonb_to_recordset(step.doc -> 'offered') AS x (
        workitem_id bigint, group_id int
    )
    -- A work item that was given back may have been offered before.
    ON CONFLICT (workitem_id, group_id) DO NOTHING
),
joined AS (
    INSERT INTO workflow_workitem_others_workitems_from (
        from_workitem_id, to_workitem_id
    )
    SELECT DISTINCT x.workitem_id, x.other_id
    FROM moved, step,
        jsonb_to_recordset(step.doc -> 'joined') AS x (
            workitem_id bigint, other_id bigint
        )
        JOIN workflow_workitem AS w ON w.id = x.workitem_id
    WHERE x.other_id <> w.workitem_from_id
),
ended AS (
    UPDATE workflow_timer AS t
    SET state = CASE WHEN t.id = x.fired THEN 'done' ELSE 'dropped' END
    FROM moved, step, jsonb_to_recordset(step.doc -> 'ended') AS x (
        workitem_id bigint, fired bigint, only_fired boolean
    )
    WHERE t.workitem_id = x.workitem_id
        AND t.tenant_id = moved.tenant_id
        AND t.state = 'pending'
        AND (t.id = x.fired OR NOT x.only_fired)
),
armed AS (
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
),
opened AS (
    INSERT INTO workflow_incident (
        tenant_id, instance_id, workitem_id, kind, message, trace, attempts,
        opened_at, resolution, reason
    )
    SELECT moved.tenant_id, moved.id, x.workitem_id, x.kind, x.message, x.trace,
        x.attempts, x.opened_at, '', ''
    FROM moved, step, jsonb_to_recordset(step.doc -> 'incidents') AS x (
        workitem_id bigint, kind text, message text, trace text, attempts int,
        opened_at timestamptz
    )
    -- One at a time is open on a work item; the first says what is wrong.
    ON CONFLICT (workitem_id) WHERE resolved_at IS NULL DO NOTHING
),
resolved AS (
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
),
written AS (
    INSERT INTO workflow_auditevent (
        tenant_id, created_at, action, actor_id, actor_label, process_id, instance_id,
        workitem_id, activity_id, transition_id, status_from, status_to, metadata, seq,
        prev_hash, hash
    )
    SELECT moved.tenant_id, x.created_at, x.action, x.actor_id, x.actor_label,
        moved.process_id, moved.id, x.workitem_id, x.activity_id, x.transition_id,
        x.status_from, x.status_to, x.metadata, x.seq, x.prev_hash, x.hash
    FROM moved, step, jsonb_to_recordset(step.doc -> 'events') AS x (
        created_at timestamptz, action text, actor_id bigint, actor_label text,
        workitem_id bigint, activity_id bigint, transition_id bigint,
        status_from text, status_to text, metadata jsonb, seq int, prev_hash text,
        hash text
    )
)
SELECT
    (SELECT count(*) FROM moved) AS moved,
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM released) AS items
