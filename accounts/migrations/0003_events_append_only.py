"""Refuse to change a security event, in each tenant and in the control plane.

The rows go by the retention job alone, and it needs two things: to be the owner of the
table, which no tenant's role is, and to say so by a setting that ends with its
transaction. The setting by itself opens nothing, as anybody may write one; the owner
by itself neither, so that no slip of an operator's session empties the book.

Locks one table for a moment, without reading it.
"""

from django.db import migrations

FORWARD = [
    # In the schema of its table: a tenant's trigger leads nowhere else.
    """
    CREATE FUNCTION accounts_security_event_refuse() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        IF TG_OP = 'DELETE'
           AND current_setting('accounts.retention', true) = 'on'
           AND current_user = (
               SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID
           )
        THEN
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
    operations = [migrations.RunSQL(FORWARD, BACK)]
