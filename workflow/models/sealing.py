"""What keeps a version as it was published, whichever way it is written to.

Only a draft may change. Saving, deleting, bulk changes and changes of who may do what
look first, and hold the version's row until they are done, so that nobody publishes
it in between. No group and no person is deleted while a version names them.
What is written past the models is found out by the content's hash.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import ProtectedError, Q

from workflow.errors import ProcessImmutable, ProcessNamesIt

#: What may change in every version.
SWITCHES = frozenset({"enabled"})
#: What publishing writes, and nobody else.
PUBLISHED = frozenset({"status", "published_at", "published_by", "content_hash"})
#: How many versions a refusal names.
MOST_TOLD = 10
#: An activity and a transition stay in their process.
OWNERS = frozenset({"process", "process_id", "activity", "activity_id"})


def require_drafts(wanted: Q) -> bool:
    """Hold the rows of these versions, and tell whether there are any.

    To be called in the transaction of the change.
    Raises ProcessImmutable unless all are drafts.
    """
    from workflow.models.process import Process

    rows = Process._base_manager.filter(wanted).order_by("pk")  # noqa: SLF001 - Django's public name
    held = rows.select_for_update(no_key=True).values_list("pk", "status")
    for key, status in held:
        if status != Process.Status.DRAFT:
            raise immutable(key)
    return bool(held)


def immutable(process_id: int) -> ProcessImmutable:
    """Return the refusal, with the address that clones the version instead."""
    address = f"/api/protected/processes/{process_id}/clone"
    return ProcessImmutable(extra={"clone": address})


class PartQuerySet(models.QuerySet[Any]):
    """Rows of versions: they change while their version is a draft."""

    def versions(self) -> Q:
        """Return which versions these rows belong to."""
        return Q(pk__in=self.order_by().values("process"))

    def versions_of(self, rows: Iterable[Any]) -> Q:
        """Return which versions new rows will belong to."""
        return Q(pk__in={row.process_id for row in rows})

    def update(self, **values: Any) -> int:
        """Raise ProcessImmutable unless all belong to drafts, and stay there."""
        if OWNERS & values.keys():
            raise ProcessImmutable
        with transaction.atomic():
            require_drafts(self.versions())
            return super().update(**values)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Raise ProcessImmutable unless all belong to drafts.

        Rows that are there are not written over: their own version would not be asked.
        """
        if kwargs.get("update_conflicts"):
            raise ProcessImmutable
        rows = list(objs)
        if not rows:
            return []
        with transaction.atomic():
            require_drafts(self.versions_of(rows))
            return super().bulk_create(rows, *args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Raise ProcessImmutable unless all belong to drafts."""
        with transaction.atomic():
            if not require_drafts(self.versions()):
                return 0, {}  # rows without a version are no rows
            return super().delete()

    # As Django marks its own: not on managers, and not for templates.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class OfProcessQuerySet(PartQuerySet):
    """Who may start a version."""

    def create(self, **values: Any) -> Any:
        """Raise ProcessImmutable unless the row belongs to a draft."""
        return self.bulk_create([self.model(**values)])[0]


class OfActivityQuerySet(OfProcessQuerySet):
    """Who may do the work of an activity, and who hears that it is late."""

    def versions(self) -> Q:
        return Q(pk__in=self.order_by().values("activity__process"))

    def versions_of(self, rows: Iterable[Any]) -> Q:
        from workflow.models.activity import Activity

        keys = {row.activity_id for row in rows}
        named = Activity._base_manager.filter(pk__in=keys)  # noqa: SLF001 - Django's public name
        return Q(pk__in=named.values("process"))


@dataclass(frozen=True, slots=True)
class Version:
    """A version as refusals name it, in a page of the admin too."""

    code: str
    number: int
    #: Whence the admin has the word for what it is.
    _meta: ClassVar[Any]

    def __str__(self) -> str:
        return f"{self.code} (version {self.number})"


def refuse_deletion(collector: Any, field: Any, rows: Any, using: str) -> None:  # noqa: ARG001 - Django's signature
    """Raise ProcessNamesIt, with the versions: for a relation, in place of CASCADE.

    Without the group or the person a version that was published would no longer be
    what it was, and an activity of a draft would be open to everybody. Whom a version
    begins to name meanwhile, the foreign key keeps.
    """
    # Imported here: the admin needs the models that this file is part of.
    from django.contrib.admin.utils import NestedObjects

    named: Any = versions_naming(rows)
    kind = field.remote_field.model._meta.verbose_name  # noqa: SLF001 - Django's public name
    told = ", ".join(map(str, named[:MOST_TOLD]))
    message = f"A process names this {kind}, so it cannot be deleted: {told}."
    # The admin collects before it asks, and shows what stands in the way.
    if isinstance(collector, NestedObjects):
        raise ProtectedError(message, set(named))
    raise ProcessNamesIt(
        message, extra={"errors": [{"message": str(v)} for v in named]}
    )


def versions_naming(rows: Any) -> list[Version]:
    """Return the versions that some rows of a relation belong to."""
    from workflow.models.process import Process

    Version._meta = Process._meta  # noqa: SLF001 - as above
    owner = "process" if hasattr(rows.model, "process") else "activity__process"
    named = Process._base_manager.filter(pk__in=rows.order_by().values(owner))  # noqa: SLF001 - as above
    found = named.order_by("code", "version").values_list("code", "version")
    return [Version(code, number) for code, number in found]


def seal(through: Any, rows: Any) -> None:
    """Let a table that Django made for a relation look before it changes.

    What it leads to, a group or a person, is not deleted while a version names it.
    """
    for field in through._meta.fields:  # noqa: SLF001 - Django's public name
        if field.is_relation and field.name not in OWNERS:
            field.remote_field.on_delete = refuse_deletion
    # Of two managers with one name Django takes the first, and it made one already.
    through._meta.local_managers.clear()  # noqa: SLF001 - Django's public name
    through.add_to_class("objects", models.Manager.from_queryset(rows)())


class Part(models.Model):
    """A row of a version."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row. Raises ProcessImmutable unless its version is a draft.

        Takes what Django's takes.
        """
        with transaction.atomic(using=kwargs.get("using")):
            require_drafts(self.own_versions())
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raise ProcessImmutable unless the version is a draft."""
        with transaction.atomic(using=kwargs.get("using")):
            require_drafts(self.own_versions())
            return super().delete(*args, **kwargs)

    def own_versions(self) -> Q:
        """Return the version that the row is of, and the one it is to be of."""
        rows: Any = type(self)._base_manager  # noqa: SLF001 - Django's public name
        stored = rows.filter(pk=self.pk)
        now: Any = vars(self).get("process_id")
        return Q(pk=now) | Q(pk__in=stored.values("process"))
