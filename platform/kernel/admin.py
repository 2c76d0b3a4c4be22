"""What may not be done in an admin: put first among the bases of its class."""

from typing import Any

from django.http import HttpRequest


class FixedRows:
    """Rows come and go by verbs of the app: none is added or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        return False


class ReadOnly(FixedRows):
    """Rows are looked at, and nothing is changed by hand either."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        return False
