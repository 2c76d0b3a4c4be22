"""Lists of the API by key: `limit`, `after`, and the next page in the Link header."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from kernel import numbers
from workflow import conf
from workflow.errors import PageInvalid

Row = TypeVar("Row", bound=Model)
PAGING = ("limit", "after")


def page_of(
    request: HttpRequest,
    response: HttpResponse,
    rows: "QuerySet[Row]",
    *,
    filters: Iterable[str] = (),
    key: str = "id",
) -> list[Row]:
    """Return one page of the rows, in the order of their key.

    Raises PageInvalid on a limit or a key that is no number, and on an unknown filter.
    """
    require_known(request, filters)
    most = int(conf.value("GOFLOW_API_MAX_PAGE_SIZE"))
    limit = number(request, "limit") or int(conf.value("GOFLOW_API_PAGE_SIZE"))
    if limit > most:
        raise PageInvalid(f"A page has at most {most} entries.")
    after = number(request, "after")
    if after is not None:
        rows = rows.filter(**{f"{key}__gt": after})
    found = list(rows.order_by(key)[: limit + 1])
    if len(found) > limit:
        found = found[:limit]
        query = request.GET.copy()
        query["after"] = str(getattr(found[-1], key))
        query["limit"] = str(limit)
        response["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
    return found


def require_known(request: HttpRequest, filters: Iterable[str]) -> None:
    """Raise PageInvalid on a parameter that nothing reads."""
    unknown = sorted(set(request.GET) - {*PAGING, *filters})
    if unknown:
        raise PageInvalid(
            "There is no such filter.",
            extra={"errors": [{"field": name[:100]} for name in unknown[:10]]},
        )


def number(request: HttpRequest, name: str) -> int | None:
    """Return a whole number from the address, or None. Raises PageInvalid."""
    raw: Any = request.GET.get(name)
    if raw is None:
        return None
    value = numbers.whole(raw)
    if value is None:
        raise PageInvalid(f"{name} is a whole number.")
    if value > numbers.LARGEST_ID or (name == "limit" and value == 0):
        raise PageInvalid(f"{name} is out of range.")
    return value
