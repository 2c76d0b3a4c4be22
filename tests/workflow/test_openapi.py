"""The document of the API says what the routes do: keys, versions, pages, problems."""

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pytest

from config.api import tenant_api
from tenants.context import use
from tests.workflow import processes
from tests.workflow.processes import approval, document, install
from tests.workflow.test_api import API, HUGE, ROUTES, assert_problem
from tests.workflow.test_incidents import failed

DOCUMENT = json.loads(
    json.dumps(tenant_api.get_openapi_schema(path_prefix="/api/"), default=str)
)
OPERATIONS = {
    (method, path.removeprefix(API)): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if "workflow" in operation["tags"]
}
POSTS = sorted(path for method, path in OPERATIONS if method == "post")
GETS = sorted(path for method, path in OPERATIONS if method == "get")


def parameters(method, path) -> set[str]:
    return {one["name"] for one in OPERATIONS[method, path].get("parameters", ())}


def headers(method, path) -> set[str]:
    return set(OPERATIONS[method, path]["responses"]["200"].get("headers", ()))


@pytest.fixture(scope="module")
def places(sharing) -> Iterator[Mapping[str, int]]:
    """Return keys of rows that the administrator sees."""
    with sharing() as within:
        with within("acme") as person:
            alice, bob = person("alice"), person("bob")
            _, incident = failed(install, alice)
            install(approval())
            item = processes.sent_for_approval(alice, bob)
        yield MappingProxyType(
            {
                "process_id": item.instance.process_id,
                "item_id": item.pk,
                "instance_id": item.instance_id,
                "incident_id": incident.pk,
            }
        )


@pytest.fixture
def body(acme, bob, admin) -> dict:
    """Return a body that every route can read."""
    with use(acme):
        about = document(admin)
    return {
        "user_id": bob.pk,
        "reason": "So it is.",
        "text": "So it is.",
        "process_name": "test",
        "content_app_label": "leave",
        "content_model": "leaverequest",
        "object_id": about.pk,
    }


def test_every_route_of_the_document_is_tried_without_a_token():
    found = {(method, re.sub(r"{\w+}", "1", path)) for method, path in OPERATIONS}
    assert set(ROUTES) == found


@pytest.mark.parametrize("path", POSTS)
def test_every_post_takes_a_key_and_says_where_it_repeats_an_answer(path):
    assert "Idempotency-Key" in parameters("post", path)
    assert "Idempotent-Replayed" in headers("post", path)


@pytest.mark.parametrize("path", GETS)
def test_no_get_takes_a_key(path):
    assert "Idempotency-Key" not in parameters("get", path)
    assert "If-Match" not in parameters("get", path)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_problems_of_a_route_are_named(method, path):
    found = OPERATIONS[method, path]["responses"]
    wanted = {"400", "401", "403", "default"}
    if method == "post":
        wanted |= {"404", "409", "422"}
    if "If-Match" in parameters(method, path):
        wanted.add("412")
    if "{" in path:
        wanted |= {"404", "422"}
    assert found.keys() == wanted | {"200"}
    for status in wanted:
        schema = found[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


def send(client, path, places, body, **headers):
    return client.post(
        f"{API}{path.format(**places)}",
        data=json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


@pytest.mark.parametrize("path", POSTS)
def test_every_post_looks_at_the_key(api, places, body, path):
    answer = send(api("admin"), path, places, body, **{"Idempotency-Key": "x" * 256})
    assert_problem(answer, 400, "idempotency.key_invalid")


@pytest.mark.parametrize("path", POSTS)
def test_a_post_looks_at_the_version_where_the_document_says_so(
    api, places, body, path
):
    answer = send(api("admin"), path, places, body, **{"If-Match": '"999"'})
    if "If-Match" in parameters("post", path):
        assert_problem(answer, 412, "precondition.failed")
    else:
        assert answer.status_code != 412


@pytest.mark.parametrize("path", GETS)
def test_a_get_has_pages_and_a_version_where_the_document_says_so(api, places, path):
    client, address = api("admin"), f"{API}{path.format(**places)}"
    answer = client.get(address)
    assert ("ETag" in answer.headers) == ("ETag" in headers("get", path))
    refused = client.get(address, {"limit": HUGE})
    is_paged = refused.status_code == 400 and "limit is" in refused.json()["detail"]
    assert is_paged == ("Link" in headers("get", path))
    assert is_paged == ({"limit", "after"} <= parameters("get", path))


def test_a_list_with_more_pages_names_the_next_one(api, places):
    answer = api("admin").get(f"{API}/processes", {"limit": 1})
    assert answer.headers["Link"].endswith('rel="next"')
