"""A leave request: what the process `leave` is about."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as __

from kernel import clock
from leave.errors import LeaveMovedOn
from workflow.documents import content_type_id
from workflow.handlers import document
from workflow.models import ProcessInstance

LONGEST_REASON = 1000


class LeaveRequestQuerySet(models.QuerySet["LeaveRequest"]):
    def of(self, person: Any) -> "LeaveRequestQuerySet":
        """Return what this person asked for, the latest first."""
        return self.filter(requester=person).order_by("-id")

    def visible_to(self, person: Any) -> "LeaveRequestQuerySet":
        """Return what a person may see: their own, and what they have work on.

        Whoever may view the work of others sees all of the tenant.
        """
        if person.has_perm("workflow.can_view_others_work"):
            return self.all()
        instances = ProcessInstance.objects.visible_to(person).filter(
            content_type_id=content_type_id(LeaveRequest),
            object_id=Cast(OuterRef("pk"), CharField()),
        )
        return self.filter(Q(requester=person) | Exists(instances))


def address(request: "LeaveRequest") -> str:
    """Return the path of the request's own page."""
    return reverse("leave:request", args=[request.pk])


@document(
    fields={"kind": "choice", "days": "number", "start_date": "date"},
    card="leave/partials/card.html",
    url=address,
    # `requests` makes them, with rules that a plain form knows nothing of.
    form_fields=(),
)
class LeaveRequest(models.Model):
    """Days off that somebody asks for; hooks of the process move its status."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", __("Holiday")
        SICK = "sick", __("Sick leave")
        UNPAID = "unpaid", __("Unpaid leave")
        OTHER = "other", __("Other leave")

    class Status(models.TextChoices):
        """Where the request stands, in the words of the one who asked."""

        DRAFT = "draft", __("Draft")
        WAITING = "waiting", __("Waiting for approval")
        APPROVED = "approved", __("Approved, to be filed")
        FILED = "filed", __("Filed")
        REFUSED = "refused", __("Refused")
        WITHDRAWN = "withdrawn", __("Withdrawn")

    #: To each status from those it may follow: of two runs about one request, and of
    #: two answers at once, the later one finds that the request has moved on.
    FROM = {
        Status.WAITING: (Status.DRAFT, Status.REFUSED),
        Status.APPROVED: (Status.WAITING,),
        Status.REFUSED: (Status.WAITING,),
        Status.FILED: (Status.APPROVED,),
        Status.WITHDRAWN: (Status.REFUSED,),
    }
    #: In these the requester may change what is asked for.
    CHANGEABLE = frozenset({Status.DRAFT, Status.REFUSED})

    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=__("requester"),
        on_delete=models.PROTECT,
        related_name="leave_requests",
    )
    kind = models.CharField(__("kind"), max_length=7, choices=Kind)
    start_date = models.DateField(__("first day"))
    end_date = models.DateField(__("last day"))
    reason = models.CharField(__("reason"), max_length=LONGEST_REASON, blank=True)
    status = models.CharField(
        __("status"), max_length=9, choices=Status, default=Status.DRAFT
    )
    #: One line an event, in words that HR can read years later.
    history = models.TextField(__("history"), blank=True)
    created_at = models.DateTimeField(__("asked at"), default=clock.now)

    objects = LeaveRequestQuerySet.as_manager()

    class Meta:
        verbose_name = __("leave request")
        verbose_name_plural = __("leave requests")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="leave_ends_after_start",
                condition=Q(end_date__gte=F("start_date")),
            ),
            models.CheckConstraint(
                name="leave_kind_known",
                condition=Q(kind__in=("holiday", "sick", "unpaid", "other")),
            ),
            models.CheckConstraint(
                name="leave_status_known",
                condition=Q(
                    status__in=(
                        "draft",
                        "waiting",
                        "approved",
                        "filed",
                        "refused",
                        "withdrawn",
                    )
                ),
            ),
        )
        indexes = (
            models.Index(name="leave_by_requester", fields=("requester", "-id")),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.span}"

    @property
    def days(self) -> int:
        """How many calendar days the request covers, both ends included."""
        return (self.end_date - self.start_date).days + 1

    @property
    def span(self) -> str:
        """The days in words: `3 August 2026`, or `3 to 14 August 2026`."""
        return span(self.start_date, self.end_date)

    def move(self, status: str, line: str) -> None:
        """Set the status and add a line to the history, both in one statement.

        Raises LeaveMovedOn where the request is no longer where it comes from.
        """
        came_from = self.FROM[self.Status(status)]
        if not self._write(line, came_from=came_from, status=status):
            raise LeaveMovedOn
        self.status = status

    def note(self, line: str) -> None:
        """Add a line to the history."""
        self._write(line, came_from=tuple(self.Status))

    def _write(self, line: str, *, came_from: tuple[str, ...], **values: str) -> bool:
        dated = f"{clock.now():%Y-%m-%d %H:%M} {line}\n"
        rows = LeaveRequest.objects.filter(pk=self.pk, status__in=came_from)
        return bool(rows.update(history=Concat(F("history"), Value(dated)), **values))


def span(start: date, end: date) -> str:
    """Return two days as people say them."""
    if not (get_language() or "en").startswith("en"):
        return _whole_span(start, end)
    last = date_format(end, "j F Y")
    if start == end:
        return last
    same_year = start.year == end.year
    same_month = same_year and start.month == end.month
    first = date_format(start, "j" if same_month else "j F" if same_year else "j F Y")
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def _whole_span(start: date, end: date) -> str:
    """Return both days whole: what may be left out is another matter each language."""
    first, last = (date_format(day, "DATE_FORMAT") for day in (start, end))
    words = {"first": first, "last": last}
    return first if start == end else _("%(first)s to %(last)s") % words
