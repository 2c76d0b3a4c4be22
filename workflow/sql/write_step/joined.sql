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
