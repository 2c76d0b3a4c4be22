-- Reserve the numbers of new work items; those that are not used stay free.
SELECT nextval('workflow_workitem_id_seq') FROM generate_series(1, %(count)s)
