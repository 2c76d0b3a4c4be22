"""A customer and where its data lives."""

import secrets
import uuid
from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import TenantMixin

from kernel import clock
from tenants import directory
from tenants.context import TenantInfo
from tenants.models.plan import Plan

#: What `states.change_state` alone writes.
OF_STATE = frozenset({"state", "state_since", "state_reason", "state_before"})
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def new_schema_name() -> str:
    """Return an opaque name: a slug may change or be given away, a schema may not."""
    return "t_" + opaque()


def new_role_name() -> str:
    """Return an opaque name: any role can read the names of all others."""
    return "r_" + opaque()


def opaque() -> str:
    return "".join(secrets.choice(BASE32) for _ in range(12))


class StateAssigned(TypeError):
    """A tenant's state is changed by `states.change_state`, and by nobody else."""


class Tenant(TenantMixin):
    """One customer. `uuid` never changes; the opaque names are never reused."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning", _("Being set up")
        FAILED = "failed", _("Set-up failed")
        TRIAL = "trial", _("On trial")
        ACTIVE = "active", _("Active")
        PAST_DUE = "past_due", _("Payment overdue")
        SUSPENDED = "suspended", _("Suspended")
        ARCHIVED = "archived", _("Archived")
        DELETING = "deleting", _("Being deleted")
        PURGED = "purged", _("Purged")

    auto_create_schema = False
    #: The state that the table has, as far as this row knows.
    _known_state: str | None = None

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    #: Empty once the tenant is purged: the name is another's then.
    slug = models.CharField(max_length=32, blank=True)
    schema_name = models.CharField(
        max_length=63, unique=True, default=new_schema_name, editable=False
    )
    db_role = models.CharField(
        max_length=63, unique=True, default=new_role_name, editable=False
    )
    #: Where the tenant's files lie; the uuid at first.
    storage_prefix = models.CharField(
        max_length=63, unique=True, blank=True, editable=False
    )
    #: Rises when all that was signed or queued before must stop being valid.
    generation = models.PositiveIntegerField(default=1, editable=False)
    #: Rises when all that was cached must be forgotten.
    cache_epoch = models.PositiveIntegerField(default=1, editable=False)
    name = models.CharField(max_length=80)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.PROVISIONING
    )
    state_since = models.DateTimeField(default=clock.now)
    state_reason = models.CharField(max_length=255, blank=True)
    #: Where a tenant that is being deleted goes if that is called off.
    state_before = models.CharField(max_length=16, blank=True, editable=False)
    maintenance_until = models.DateTimeField(null=True, blank=True)
    #: The schema is of a revision that this release cannot serve.
    migration_hold = models.BooleanField(default=False, editable=False)
    #: Without one, the limits of the settings hold.
    plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="+"
    )
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    purge_after = models.DateTimeField(null=True, blank=True)
    #: The revision of the schema, as `fleet.revisions` names it; a copy for look-ups.
    schema_rev = models.CharField(max_length=16, blank=True, editable=False)
    is_canary = models.BooleanField(default=False)
    #: The live tenant beside which this one was restored, for operators only.
    shadow_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="shadows"
    )
    #: Where and what the archive is: file, sha256, rows, bytes, instant.
    archive = models.JSONField(null=True, blank=True, editable=False)
    #: What the purge deleted, counted.
    certificate = models.JSONField(null=True, blank=True, editable=False)
    locale = models.CharField(max_length=16, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "provisioning",
                        "failed",
                        "trial",
                        "active",
                        "past_due",
                        "suspended",
                        "archived",
                        "deleting",
                        "purged",
                    ]
                ),
                name="tenant_state_known",
            ),
            models.UniqueConstraint(
                fields=["slug"],
                condition=~models.Q(state="purged"),
                name="tenant_slug_once",
            ),
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^t_[a-z2-7]{12}$"),
                name="tenant_schema_opaque",
            ),
            models.CheckConstraint(
                condition=models.Q(db_role__regex=r"^r_[a-z2-7]{12}$"),
                name="tenant_role_opaque",
            ),
        ]

    def __str__(self) -> str:
        return self.slug or str(self.uuid)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a row of what was read, and remember in which state it was."""
        row: Self = super().from_db(*args, **kwargs)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row anew."""
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def save(self, *args: Any, moves: bool = False, **kwargs: Any) -> None:
        """Save the row; only `states.change_state`, with `moves`, saves a state.

        A row that was read before a move therefore does not undo it.
        Raises StateAssigned where something else gave the row another state.
        """
        self.storage_prefix = self.storage_prefix or str(self.uuid)
        if not moves and not self._state.adding:
            if self.__dict__.get("state", self._known_state) != self._known_state:
                raise StateAssigned
            kwargs["update_fields"] = self._but_state(kwargs.get("update_fields"))
        super().save(*args, **kwargs)
        self._remember()
        directory.forget_after_commit(self.uuid)

    def _remember(self) -> None:
        self._known_state = self.__dict__.get("state")

    def _but_state(self, named: Iterable[str] | None) -> list[str]:
        """Return the fields to save, without those of the state."""
        if named is None:
            there = self.get_deferred_fields()
            fields = self._meta.concrete_fields
            named = [
                field.attname
                for field in fields
                if field.attname not in there and not field.primary_key
            ]
        return [name for name in named if name not in OF_STATE]

    def info(self) -> TenantInfo:
        """Return the values that running code works with; reads domain and limits."""
        from tenants.plans import allowances

        primary = next((d for d in self.domains.all() if d.is_primary), None)
        return TenantInfo(
            uuid=self.uuid,
            slug=self.slug,
            schema_name=self.schema_name,
            db_role=self.db_role,
            name=self.name,
            state=self.state,
            locale=self.locale,
            timezone=self.timezone,
            primary_domain=primary.domain if primary else "",
            generation=self.generation,
            cache_epoch=self.cache_epoch,
            storage_prefix=self.storage_prefix,
            maintenance_until=self.maintenance_until,
            migration_hold=self.migration_hold,
            is_shadow=self.shadow_of_id is not None,
            live_uuid=self.shadow_of.uuid if self.shadow_of else None,
            limits=allowances.limits_of(self.pk),
        )
