"""Requests made from the OpenAPI documents, right ones and wild ones, by anybody.

No answer is a 500, each is of a kind that the document knows, and none holds a byte of
another tenant, whose rows stay as they are.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.api import public_api, tenant_api
from tenants.testing import rows
from tests.isolation.story import tell
from tests.isolation.wire import site

pytestmark = pytest.mark.slow

IS_LONG = os.environ.get("ISOLATION") == "long"
EXAMPLES = 40 if IS_LONG else 3
FOREIGN = b"globex"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
SITES = {"acme.localhost": tenant_api, "localhost": public_api}
#: Keys of rows that are there; without them every answer would be a 404.
THERE = {
    "process_id": 1,
    "item_id": 1,
    "instance_id": 1,
    "incident_id": 1,
    "leave_id": 1,
    "invitation_id": 1,
}


def operations() -> Iterator[tuple[str, str, str]]:
    """Yield host, method and path of every operation of both documents."""
    for host, api in SITES.items():
        document = api.get_openapi_schema(path_prefix="/api/")
        for path, methods in document["paths"].items():
            for method in methods:
                yield host, method, path


OPERATIONS = sorted(operations())


@pytest.fixture(scope="module", autouse=True)
def told(sharing) -> Iterator[None]:
    """Let the same happen in both tenants, so that there is something to show."""
    with sharing() as within:
        for slug in ("acme", "globex"):
            with within(slug):
                tell()
        yield


@cache
def document_of(host: str) -> Any:
    return schemathesis.openapi.from_wsgi(
        "/api/openapi.json", site, base_url=f"http://{host}:8000"
    )


@pytest.mark.parametrize("host", SITES)
def test_every_operation_of_the_document_that_is_served_is_tried(acme, host):
    found = [one.ok() for one in document_of(host).get_all_operations()]
    served = sorted((host, one.method, one.path) for one in found)
    assert served == [one for one in OPERATIONS if one[0] == host]


@pytest.mark.parametrize(("host", "method", "path"), OPERATIONS)
def test_no_request_of_the_document_breaks_an_operation(
    request, globex, host, method, path
):
    operation = document_of(host)[path][method.upper()]
    everybody = [{}]
    if operation.definition.raw.get("security"):
        sign_in = request.getfixturevalue("token")
        everybody += [bearer(sign_in(name)) for name in ("alice", "admin")]
    before = rows.digest(globex.schema_name)
    for strategy in strategies(operation):
        tried(strategy, host=host, everybody=everybody)
    assert rows.changed(before, rows.digest(globex.schema_name)) == []


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def strategies(operation: Any) -> Iterator[Any]:
    """Yield what makes requests: right ones, about rows that are there, wild ones."""
    yield operation.as_strategy(GenerationMode.POSITIVE)
    keys = {name: THERE[name] for name in THERE if f"{{{name}}}" in operation.path}
    if keys:
        yield operation.as_strategy(GenerationMode.POSITIVE, path_parameters=keys)
    if operation.body or operation.path_parameters or operation.query:
        yield operation.as_strategy(GenerationMode.NEGATIVE)


def tried(strategy: Any, *, host: str, everybody: list[dict[str, str]]) -> None:
    """Send some requests, each by everybody, and look at each answer.

    To make a request takes longer than to send it.
    """

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def once(case: Any) -> None:
        for headers in everybody:
            answer = case.call(base_url=f"http://{host}:8000", headers=headers)
            case.validate_response(answer, checks=CHECKS)
            assert FOREIGN not in answer.content.lower()

    once()
