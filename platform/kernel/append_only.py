"""Rows that are written once and stay: what happened does not change afterwards."""

from typing import Any, NoReturn, TypeVar

from django.db import models

from kernel.errors import Conflict

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class WrittenOnce(Conflict):
    """This record is written once and stays as it is."""

    code = "written_once"


class AppendOnlyQuerySet(models.QuerySet[M_co]):
    """Reads and inserts; everything else raises WrittenOnce."""

    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - Django's signature
        raise WrittenOnce

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - as above
        raise WrittenOnce

    def delete(self) -> NoReturn:
        raise WrittenOnce


class AppendOnly(models.Model):
    """The base of such rows; give each `objects = AppendOnlyQuerySet.as_manager()`."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new row. Raises WrittenOnce for one that is written."""
        if not self._state.adding:
            raise WrittenOnce
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - Django's signature
        raise WrittenOnce
