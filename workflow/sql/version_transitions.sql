-- The transitions of a version with the keys of their ends, as the engine looks at them.
SELECT {transition}, source.key, target.key
FROM workflow_transition AS transition
    JOIN workflow_activity AS source ON source.id = transition.input_id
    JOIN workflow_activity AS target ON target.id = transition.output_id
WHERE transition.process_id = %(process)s::bigint
    AND transition.tenant_id = %(tenant)s
ORDER BY transition."order", transition.id
