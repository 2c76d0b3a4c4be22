-- The activities of a version with the names of their applications, and with the
-- groups and people who may do the work or are told that it is late.
SELECT {activity}, coalesce(push.url, ''), coalesce(application.url, ''),
    ARRAY(
        SELECT m.group_id FROM workflow_activity_roles AS m
        WHERE m.activity_id = activity.id ORDER BY 1
    ),
    ARRAY(
        SELECT m.group_id FROM workflow_activity_allowed_groups AS m
        WHERE m.activity_id = activity.id ORDER BY 1
    ),
    ARRAY(
        SELECT m.user_id FROM workflow_activity_allowed_users AS m
        WHERE m.activity_id = activity.id ORDER BY 1
    ),
    ARRAY(
        SELECT m.group_id FROM workflow_activity_sla_roles AS m
        WHERE m.activity_id = activity.id ORDER BY 1
    )
FROM workflow_activity AS activity
    LEFT JOIN workflow_pushapplication AS push
        ON push.id = activity.push_application_id
    LEFT JOIN workflow_application AS application
        ON application.id = activity.application_id
WHERE activity.process_id = %(process)s::bigint AND activity.tenant_id = %(tenant)s
ORDER BY activity.id
