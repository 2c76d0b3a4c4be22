"""The way from one activity of a process to the next."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from workflow.errors import ProcessInvalid
from workflow.models import sealing
from workflow.models.activity import Activity
from workflow.models.keys import free
from workflow.models.tenant_id import OwnRows, TenantIdField


class Transition(sealing.Part):
    """The way from one activity to the next, with its condition."""

    tenant_id = TenantIdField()
    process = models.ForeignKey(
        "Process", on_delete=models.PROTECT, related_name="transitions"
    )
    key = models.SlugField(max_length=140)
    name = models.CharField(_("name"), max_length=50, blank=True)
    description = models.CharField(_("description"), max_length=100, blank=True)
    #: The source; the name is the seed's.
    input = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="transition_outputs"
    )
    #: The target; the name is the seed's.
    output = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="transition_inputs"
    )
    order = models.IntegerField(_("order"), default=0)
    is_default = models.BooleanField(default=False)
    #: The normalised condition, and what its author typed.
    condition = models.CharField(_("condition"), max_length=1000, blank=True)
    condition_raw = models.CharField(max_length=1000, blank=True)
    precondition = models.CharField(max_length=255, blank=True)
    pre_hook = models.CharField(max_length=255, blank=True)
    post_hook = models.CharField(max_length=255, blank=True)

    objects = OwnRows.from_queryset(sealing.PartQuerySet)()

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ("order", "id")
        constraints = (
            models.UniqueConstraint(
                name="transition_key_once", fields=("process", "key")
            ),
            models.UniqueConstraint(
                name="transition_one_default",
                fields=("input",),
                condition=Q(is_default=True),
            ),
            models.CheckConstraint(
                name="transition_default_is_plain",
                condition=Q(is_default=False) | Q(condition=""),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.key

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the transition; one without a key gets one, made of its ends.

        Raises ProcessInvalid where an end belongs to another process.
        """
        if {self.input.process_id, self.output.process_id} != {self.process_id}:
            raise ProcessInvalid("A transition stays inside its process.")
        if not self.key:
            taken = Transition.objects.filter(process=self.process_id)
            self.key = free(f"{self.input.key}--{self.output.key}", taken)
        super().save(*args, **kwargs)
