"""Have the database tell every process of each change of a tenant or a domain.

The word leaves with the commit, whoever makes the change: a bulk update and an
operator's own session too. It says `tenant <uuid>`, `host <name>` or `everything`.

A host name may be claimed by many from now on, and verified for one: this changes
constraints of one small table of the control plane, all of whose rows are verified.
"""

from django.db import migrations, models
from django.db.models import Q

FORWARD = [
    """
    CREATE FUNCTION tenants_tell_of_tenant() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('tenantry_control', 'tenant ' || OLD.uuid);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('tenantry_control', 'tenant ' || NEW.uuid);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION tenants_tell_of_domain() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('tenantry_control', 'host ' || OLD.domain);
            PERFORM pg_notify('tenantry_control', 'tenant ' || uuid)
            FROM public.tenants_tenant WHERE id = OLD.tenant_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('tenantry_control', 'host ' || NEW.domain);
            PERFORM pg_notify('tenantry_control', 'tenant ' || uuid)
            FROM public.tenants_tenant WHERE id = NEW.tenant_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION tenants_tell_of_everything() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        PERFORM pg_notify('tenantry_control', 'everything');
        RETURN NULL;
    END $$
    """,
    "REVOKE EXECUTE ON FUNCTION tenants_tell_of_tenant() FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION tenants_tell_of_domain() FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION tenants_tell_of_everything() FROM PUBLIC",
    """
    CREATE TRIGGER tell_of_tenant
    AFTER INSERT OR UPDATE OR DELETE ON tenants_tenant
    FOR EACH ROW EXECUTE FUNCTION tenants_tell_of_tenant()
    """,
    """
    CREATE TRIGGER tell_of_domain
    AFTER INSERT OR UPDATE OR DELETE ON tenants_domain
    FOR EACH ROW EXECUTE FUNCTION tenants_tell_of_domain()
    """,
    """
    CREATE TRIGGER tell_of_everything AFTER TRUNCATE ON tenants_tenant
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_tell_of_everything()
    """,
    """
    CREATE TRIGGER tell_of_everything AFTER TRUNCATE ON tenants_domain
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_tell_of_everything()
    """,
]
BACK = [
    "DROP TRIGGER tell_of_everything ON tenants_domain",
    "DROP TRIGGER tell_of_everything ON tenants_tenant",
    "DROP TRIGGER tell_of_domain ON tenants_domain",
    "DROP TRIGGER tell_of_tenant ON tenants_tenant",
    "DROP FUNCTION tenants_tell_of_everything()",
    "DROP FUNCTION tenants_tell_of_domain()",
    "DROP FUNCTION tenants_tell_of_tenant()",
]


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_role_and_generation")]
    operations = [
        migrations.RunSQL(FORWARD, BACK),
        migrations.AlterField(
            "domain", "domain", models.CharField(max_length=253, db_index=True)
        ),
        migrations.AddConstraint(
            "domain",
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(verified_at__isnull=False),
                name="domain_verified_once",
            ),
        ),
        migrations.AddConstraint(
            "domain",
            models.UniqueConstraint(
                fields=["domain", "tenant"], name="domain_claimed_once"
            ),
        ),
    ]
