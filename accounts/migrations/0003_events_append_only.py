"""Refuse to change a security event of the control plane.

There the application owns the table, so that rights refuse it nothing; in a tenant's
schema rights do, and no trigger may stand (DB-7, DB-10 of the tenancy specification).

The rows go by the retention job alone, which says so by a setting that ends with its
transaction: a guard against slips of an operator's session, not against its malice.

Locks one table for a moment, without reading it.
"""

from django.db import migrations

FORWARD = [
    """
    CREATE FUNCTION accounts_security_event_refuse() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('accounts.retention', true) = 'on' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'security events are only appended'
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    # A restored database forgets which functions were closed to everybody.
    "REVOKE ALL ON FUNCTION accounts_security_event_refuse() FROM PUBLIC",
    """
    CREATE TRIGGER security_event_append_only
    BEFORE UPDATE OR DELETE ON accounts_securityevent
    FOR EACH ROW EXECUTE FUNCTION accounts_security_event_refuse()
    """,
    """
    CREATE TRIGGER security_event_not_emptied
    BEFORE TRUNCATE ON accounts_securityevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_security_event_refuse()
    """,
]
BACK = [
    "DROP TRIGGER security_event_not_emptied ON accounts_securityevent",
    "DROP TRIGGER security_event_append_only ON accounts_securityevent",
    "DROP FUNCTION accounts_security_event_refuse()",
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_tokens_invitations_factors")]
    operations = [migrations.RunSQL(FORWARD, BACK, hints={"plane": "control"})]
