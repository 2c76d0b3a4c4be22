from collections.abc import Mapping
from typing import ClassVar

from django.apps import AppConfig
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class LeaveConfig(AppConfig):
    """Leave requests: the sample of an app that a product team writes."""

    name = "leave"
    verbose_name = "Leave"
    default_auto_field = "django.db.models.BigAutoField"
    #: What the list of mails calls those of this app.
    mail_labels: ClassVar[Mapping[str, Promise]] = {
        "filed": _("Notice: leave filed"),
        "refused": _("Notice: leave refused"),
    }
