"""The workflow's part of a tenant's admin: everything to look at, little to change."""

from typing import Any

from django.contrib.admin import AdminSite, RelatedOnlyFieldListFilter
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from kernel.admin import FixedRows, ReadOnly
from workflow import drafts, publishing, tenancy
from workflow.models import (
    Activity,
    Application,
    AuditEvent,
    Process,
    ProcessInstance,
    PushApplication,
    Timer,
    Transition,
    WorkItem,
)


class ActivityInline(ReadOnly, TabularInline):
    model = Activity
    fields = ("key", "title", "kind", "join_mode", "split_mode", "autostart")
    extra = 0


class TransitionInline(ReadOnly, TabularInline):
    model = Transition
    fields = ("name", "input", "output", "condition", "order", "is_default")
    extra = 0


class Seen(ModelAdmin):
    """Shows what the tenant filter leaves of the rows."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return tenancy.filtered(rows, request=request, user=request.user)


class ProcessAdmin(FixedRows, Seen):
    """A version is looked at, switched off and on, and thrown away while a draft.

    What is in it is changed by drawing it, and never here.
    """

    list_display = (
        *("title", "code", "version", "status", "enabled"),
        *("published_at", "published_by", "version_note"),
    )
    list_filter = ("status", "enabled")
    list_select_related = ("published_by",)
    ordering = ("code", "-version")
    search_fields = ("title", "code")
    inlines = (ActivityInline, TransitionInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # noqa: ARG002 - Django's signature
        """Return every field but the switch."""
        return [
            field.name
            for field in (*Process._meta.fields, *Process._meta.many_to_many)  # noqa: SLF001 - Django's public name
            if field.name not in {"id", "enabled"}
        ]

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: Any,  # noqa: ARG002 - Django's signature
    ) -> None:
        """Switch the process, audited."""
        if "enabled" in form.changed_data:
            publishing.switch(obj, enabled=obj.enabled, by=request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Let whoever publishes switch processes off and on."""
        return _may(request, "can_publish")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let whoever designs throw drafts away."""
        is_draft = obj is None or obj.status == Process.Status.DRAFT
        return is_draft and _may(request, "can_design")

    def get_deleted_objects(
        self,
        objs: Any,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what goes, and what cannot: a version that was published, or is used.

        The parts of a draft go with it, so they are not told.
        """
        rows = list(objs)
        used = set(
            ProcessInstance.objects.filter(process__in=rows).values_list(
                "process_id", flat=True
            )
        )
        kept = [
            row for row in rows if row.status != Process.Status.DRAFT or row.pk in used
        ]
        names = [f"{row} ({row.version})" for row in rows]
        counts = {str(Process._meta.verbose_name_plural): len(rows)}  # noqa: SLF001 - Django's public name
        return names, counts, set(), [f"{row} ({row.version})" for row in kept]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Throw a draft away, audited."""
        drafts.delete_draft(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Throw drafts away, each audited."""
        with transaction.atomic():
            for row in queryset:
                drafts.delete_draft(row, by=request.user)


def _may(request: HttpRequest, right: str) -> bool:
    return bool(request.user.has_perm(f"workflow.{right}"))


class InstanceAdmin(ReadOnly, Seen):
    list_display = ("title", "process", "process_version", "status", "user")
    #: Of the processes, those of the rows that are shown.
    list_filter = ("status", ("process", RelatedOnlyFieldListFilter))
    search_fields = ("title",)
    list_select_related = ("process", "user")


class WorkItemAdmin(ReadOnly, Seen):
    list_display = ("id", "instance", "activity", "user", "status", "priority")
    list_filter = ("status",)
    list_select_related = ("instance", "activity", "user")


class TimerAdmin(ReadOnly, ModelAdmin):
    list_display = ("kind", "workitem", "due_at", "state", "attempts")
    list_filter = ("kind", "state")
    list_select_related = ("workitem",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        seen: QuerySet[Any] = rows.of_seen_work(request=request, user=request.user)
        return seen


class AuditAdmin(ReadOnly, Seen):
    list_display = ("created_at", "action", "actor_label", "instance_id", "workitem_id")
    list_filter = ("action",)
    search_fields = ("action", "actor_label")
    ordering = ("-id",)


class NameAdmin(ReadOnly, ModelAdmin):
    list_display = ("url",)


def register(site: AdminSite) -> None:
    """Put the workflow's tables on a tenant's admin."""
    site.register(Process, ProcessAdmin)
    site.register(ProcessInstance, InstanceAdmin)
    site.register(WorkItem, WorkItemAdmin)
    site.register(Timer, TimerAdmin)
    site.register(AuditEvent, AuditAdmin)
    site.register((Application, PushApplication), NameAdmin)
