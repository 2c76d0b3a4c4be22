"""Refuse to change or remove an operator event; locks an empty table for a moment."""

from django.db import migrations

FORWARD = [
    """
    CREATE FUNCTION tenants_operator_event_refuse() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'operator events are only appended'
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER operator_event_append_only
    BEFORE UPDATE OR DELETE ON tenants_operatorevent
    FOR EACH ROW EXECUTE FUNCTION tenants_operator_event_refuse()
    """,
]
BACK = [
    "DROP TRIGGER operator_event_append_only ON tenants_operatorevent",
    "DROP FUNCTION tenants_operator_event_refuse()",
]


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_provisioning_and_wake_ups")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
