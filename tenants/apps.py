from collections.abc import Mapping
from typing import ClassVar

from django.apps import AppConfig
from django.core import checks
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"
    #: What a list of mails calls those of this app.
    mail_labels: ClassVar[Mapping[str, Promise]] = {
        "deletion_asked": _("The end of a workspace"),
        "domain_lapsed": _("A domain leads nowhere any more"),
        "signup_code": _("Code for a new workspace"),
        "workspaces": _("List of somebody's workspaces"),
    }

    def ready(self) -> None:
        """Put in place what has to hold in each process; register the checks."""
        from tenants import contenttypes, stamp, storage
        from tenants.carrying import forks, guard, handing_back, upstream
        from tenants.checks import (
            dotted_names,
            export_policies,
            migrations_fit_a_fleet,
            resolvers,
        )
        from tenants.db.login import login_is_harmless
        from tenants.fleet.crowding import room_for_locks
        from tenants.safe_settings import safe_settings

        contenttypes.install()
        stamp.install()
        storage.install()
        upstream.install()
        forks.install()
        handing_back.install()
        guard.install()
        checks.register(dotted_names)
        checks.register(resolvers)
        checks.register(export_policies)
        checks.register(login_is_harmless, checks.Tags.database)
        checks.register(room_for_locks, checks.Tags.database)
        checks.register(migrations_fit_a_fleet, checks.Tags.database)
        checks.register(safe_settings)
