"""What is new is noticed: whatever the inventory does not know fails the run (KIT-3).

The second half stands for a fork, which registers things of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import get_commands
from django.core.management.base import BaseCommand
from django.db import models
from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse
from django.test.utils import isolate_apps
from django.urls import path
from django.utils.module_loading import import_string
from ninja import NinjaAPI
from ninja.security import APIKeyHeader

import config.urls
from accounts.models import User
from tenants.context import use
from tenants.testing import inventory
from tenants.testing.credentials import Kind
from tenants.testing.doors import Site, UnknownParameter
from tenants.testing.inventory import Inventory
from tenants.testing.matrix import Matrix
from tenants.testing.sources import Use, uses, uses_in
from tests import twins
from tests.isolation.known import INVENTORY
from tests.isolation.plan import PLAN

WHERE = "Say in tests/isolation/known.py"


def problems(known: Inventory = INVENTORY, *, kinds=PLAN.kinds) -> list[str]:
    return inventory.problems(
        known,
        app=import_string(PLAN.celery_app),
        held=[row for kind in kinds for row in kind.rows],
        written_in="tests/isolation/known.py",
    )


def test_the_inventory_knows_everything_and_nothing_that_is_gone():
    found = problems()
    assert not found, "\n".join([*found, "Each name is the key of its entry."])


@pytest.fixture
def noticed() -> Callable[..., list[str]]:
    """Return what finds the problems that were not there when the test began."""
    before = problems()
    return lambda *args, **more: [m for m in problems(*args, **more) if m not in before]


def test_an_entry_without_a_thing_or_without_a_reason_fails(noticed):
    gone = replace(INVENTORY, tasks={**INVENTORY.tasks, "fork.gone": "no more"})
    (message,) = noticed(gone)
    assert message == (
        "The task fork.gone is in the inventory and nowhere else. Remove it from"
        " tests/isolation/known.py."
    )
    silent = replace(INVENTORY, tasks={**INVENTORY.tasks, "tenants.tick": " "})
    assert noticed(silent) == [
        "The task tenants.tick stands in tests/isolation/known.py without a reason."
    ]


# A fork adds a task, a command, a receiver


def of_a_fork(thing):
    thing.__module__ = "fork.things"
    return thing


@pytest.fixture
def fork_task(noticed) -> Iterator[None]:
    app = import_string(PLAN.celery_app)

    def remind() -> None:
        """Do nothing."""

    made = app.task(name="fork.remind")(of_a_fork(remind))
    yield
    app.tasks.unregister(made)


@pytest.mark.usefixtures("fork_task")
def test_a_task_that_nobody_thought_about_fails_the_run(noticed):
    (message,) = noticed()
    assert message == (
        f"The task fork.remind is not in the inventory. {WHERE}, under tasks: in whose"
        " context does it run, and what if its ids are another tenant's?"
    )
    known = replace(INVENTORY, tasks={**INVENTORY.tasks, "fork.remind": "reads ids"})
    assert noticed(known) == []


def test_a_command_that_nobody_thought_about_fails_the_run(noticed, monkeypatch):
    command = of_a_fork(type("Command", (BaseCommand,), {}))
    monkeypatch.setitem(get_commands(), "fork_report", command())
    (message,) = noticed()
    assert message == (
        f"The command fork.things.fork_report is not in the inventory. {WHERE}, under"
        " commands: which plane is it for; or let it declare one?"
    )
    command.plane = "control"
    assert noticed() == []


@pytest.mark.parametrize("sender", [User, None])
def test_a_receiver_that_nobody_thought_about_fails_the_run(noticed, sender):
    receiver = of_a_fork(lambda **_: None)
    post_save.connect(receiver, sender=sender)
    try:
        (message,) = noticed()
    finally:
        post_save.disconnect(receiver, sender=sender)
    of = "accounts.User" if sender else "every model"
    assert f" on post_save of {of} is not in the inventory. {WHERE}" in message
    assert noticed() == []


# A fork uses a cache, a file, a thread

SOURCE = """
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache as remember, cached_property
from pathlib import Path

from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import models

from tenants.carrying.threads import TenantThread


@remember
def names():
    return cache.get("names")


class Report(models.Model):
    file = models.FileField()

    @cached_property
    def text(self):
        return open("a.txt").read()

    def start(self):
        threading.Thread(target=names).start()
        TenantThread(target=names).start()


def keep():
    Path("a.txt").write_text("a")
    with open("b.txt", "w") as file:
        file.write(default_storage.open("c.txt").read())


def spread():
    with ThreadPoolExecutor() as pool:
        pool.submit(names)
"""


def test_uses_of_caches_files_and_threads_are_read_from_the_source():
    assert sorted(set(uses_in(SOURCE, "fork.views"))) == [
        Use("cache", "fork.views.names"),
        Use("storage", "fork.views.Report"),
        Use("storage", "fork.views.keep"),
        Use("thread", "fork.views.Report.start"),
        Use("thread", "fork.views.spread"),
    ]


def test_a_use_that_nobody_thought_about_fails_the_run(
    noticed, tmp_path: Path, monkeypatch
):
    folder = tmp_path / "fork"
    folder.mkdir()
    (folder / "views.py").write_text(SOURCE)
    ours = inventory.packages
    monkeypatch.setattr(
        inventory, "packages", lambda known: [*ours(known), ("fork", folder)]
    )
    found = noticed()
    assert len(found) == len(set(uses([("fork", folder)]))) == 5
    assert (
        f"The thread fork.views.spread is not in the inventory. {WHERE}, under threads:"
        " what carries the tenant into it?"
    ) in found


# A fork gives out credentials


def test_a_table_of_secrets_without_a_kind_of_credential_fails_the_run(
    noticed, monkeypatch
):
    with isolate_apps("tests.isolation"):

        class ApiToken(models.Model):  # noqa: DJ008 - nobody shows it
            name = models.CharField(max_length=50)
            token_hash = models.CharField(max_length=64)

            class Meta:
                app_label = "fork"

        class WebhookEndpoint(models.Model):  # noqa: DJ008 - as above
            address = models.URLField()
            secret = models.BinaryField()

            class Meta:
                app_label = "fork"

    every = inventory.tenant_and_control_models()
    added = [*every, ApiToken, WebhookEndpoint]
    monkeypatch.setattr(inventory, "tenant_and_control_models", lambda: added)
    assert [message.partition(" is not")[0] for message in noticed()] == [
        "The secret fork.ApiToken.token_hash",
        "The secret fork.WebhookEndpoint.secret",
    ]
    kind = Kind("API token", lambda home, visit: None, rows=("fork.ApiToken",))
    (left,) = noticed(kinds=(*PLAN.kinds, kind))
    assert "fork.WebhookEndpoint.secret" in left
    assert "which kind of credential is it; or does it open nothing?" in left


# A fork adds endpoints


class ForkKey(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request, key):
        return key


fork_api = NinjaAPI(urls_namespace="fork")


@fork_api.get("/weather")
def weather(request):
    return {"rain": True}


@fork_api.get("/keyed", auth=ForkKey())
def keyed(request):
    return {}


def listing(request: HttpRequest) -> HttpResponse:
    """Show acme's people to everybody, as a page does that takes the wrong tenant."""
    with use(twins.info("acme")):
        return HttpResponse(", ".join(map(str, User.objects.order_by("id"))))


def shared(request: HttpRequest) -> HttpResponse:
    """Show a person of this tenant to everybody, as a page does without a guard."""
    return HttpResponse(User.objects.order_by("id").first())


def touching(request: HttpRequest) -> HttpResponse:
    """Refuse, and write a row all the same."""
    User.objects.filter(username="alice").update(time_zone="Europe/Berlin")
    return HttpResponse(status=404)


def marking(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(status=404)
    answer.set_cookie("fork_key", "1")
    return answer


@pytest.fixture
def fork(matrix: Matrix, settings) -> Callable[..., Matrix]:
    """Return the matrix of our site with more routes, under /fork/."""

    def added(*routes) -> Matrix:
        module = ModuleType("fork_urls")
        vars(module).update(vars(config.urls))
        module.urlpatterns = [*config.urls.urlpatterns, *routes]
        settings.ROOT_URLCONF = module
        return replace(matrix, plan=replace(PLAN, sites=(Site("tenant", module),)))

    return added


def found(matrix: Matrix) -> list[str]:
    kind = PLAN.kind("session cookie")
    held = kind.mint(matrix.twins.a, matrix.visit)
    doors = [door for door in matrix.doors() if door.path.startswith("/fork/")]
    return [f"{one.door}: {one.what}" for one in matrix.walk(kind, held, doors)]


def test_an_operation_that_asks_for_no_credential_fails_the_run(fork):
    matrix = fork(path("fork/api/", fork_api.urls))
    problems = [one for one in matrix.problems(matrix.doors()) if "public" not in one]
    open_, unknown = problems
    assert open_ == (
        "GET /fork/api/weather asks for no credential. Say in tests/isolation/plan.py"
        " why it is open and what it answers, or guard it."
    )
    assert unknown == (
        "The tenant API takes ForkKey, and no kind of credential does. Say in"
        " tests/isolation/plan.py how one is got."
    )
    assert "GET /fork/api/weather: answered 200" in found(matrix)
    assert "GET /fork/api/keyed" not in " ".join(found(matrix))


def test_a_page_without_a_guard_fails_the_run(fork):
    assert found(fork(path("fork/people", shared))) == [
        "GET /fork/people: answered 200"
    ]


def test_a_page_that_shows_another_tenants_rows_fails_the_run(fork):
    assert found(fork(path("fork/people", listing))) == [
        "GET /fork/people: answered 200",
        "GET /fork/people: told something of acme",
        "some door: answer's body: something of acme reaches globex",
    ]


def test_a_page_that_refuses_and_writes_fails_the_run(fork):
    matrix = fork(path("fork/touch", touching))
    schema = matrix.twins.b.schema
    assert found(matrix) == [f"a closed door: changed {schema}.accounts_user"]


def test_a_cookie_of_no_kind_of_credential_fails_the_run(fork):
    (message,) = found(fork(path("fork/mark", marking)))
    assert message == (
        "GET /fork/mark: set the cookie fork_key, which belongs to no kind of"
        " credential"
    )


def test_a_route_that_asks_for_something_new_fails_the_run(fork):
    with pytest.raises(UnknownParameter, match="asks for report_id, and the plan has"):
        found(fork(path("fork/<int:report_id>/", shared)))
