"""L07: a cache of the process (types, permissions, URLs, templates) serves another.

Each thing that a process keeps is listed below with the reason why no tenant finds
another's in it; a new one fails until it is listed too.
"""

import ast
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType, ContentTypeManager
from django.db import connections
from django.template import engines
from django.urls import get_urlconf
from django.urls.resolvers import _get_cached_resolver

from accounts.models import User
from leave.models import LeaveRequest
from tenants.context import TenantInfo, current_or_none, use, use_control
from workflow import documents, graph
from workflow.models import Process

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 10

# What a process keeps

PURE = "depends on its arguments alone, and they are no tenant's"
FILES = "read from our own files"
SETTINGS = "read from the settings and the installed apps"
ONE_RUN = "a ContextVar: ends with its request, task or thread"
CODE = "filled by decorators while the code is loaded"
BY_UUID = "the tenant's uuid stands in the key"

KEPT = {
    "accounts/branding/palette.py: made": "by the colours that it is made of",
    "accounts/conf.py: _addresses": SETTINGS,
    "accounts/keys.py: _cached": "the platform's signing keys, the same for all",
    "accounts/keys.py: key_storage": "reads the keys above",
    "accounts/mail/layouts.py: _bare_engine": SETTINGS,
    "accounts/mail/rendering.py: _text_engine": SETTINGS,
    "accounts/zones.py: names": FILES,
    "accounts/passwords.py: _common": FILES,
    "accounts/passwords.py: _dummy": "the hash of nobody's password",
    "accounts/api/mfa.py: sets_up": CODE,
    "accounts/purging.py: MAILS": "a rule without a value in it",
    "accounts/services/memory.py: _present": f"{ONE_RUN}; {BY_UUID}",
    "platform/config/admin.py: operator_admin": CODE,
    "platform/config/admin.py: tenant_admin": CODE,
    "platform/config/api.py: public_api": CODE,
    "platform/config/api.py: tenant_api": CODE,
    "platform/config/celery.py: app": CODE,
    "platform/kernel/answers.py: policy": FILES,
    "platform/kernel/answers.py: styles": FILES,
    "platform/config/templatetags/icons.py: icon": "pictures, the same for all",
    "platform/kernel/clients.py: _present": ONE_RUN,
    "platform/kernel/clock.py: _frozen_at": "the tests' instant, the same for all",
    "platform/kernel/outgoing.py: _bounds": ONE_RUN,
    "tenants/carrying/broker.py: _quiet_until": "whether the broker answers, for all",
    "tenants/contenttypes.py: _cache": BY_UUID,
    "tenants/context.py: _current": ONE_RUN,
    "tenants/plans/bucket_store.py: _quiet_until": "whether the store answers, for all",
    "tenants/plans/bucket_store.py: script": SETTINGS,
    "tenants/db/base.py: waits": PURE,
    "tenants/db/base.py: tag_of": PURE,
    "tenants/db/base.py: written": PURE,
    "tenants/db/router.py: labels": SETTINGS,
    "tenants/directory.py: _directory": "control plane; the host is the key",
    "tenants/directory.py: UNKNOWN": "a word",
    "tenants/epochs.py: _raised": BY_UUID,
    "tenants/fleet/jobs.py: _inherited": "what the children of a run do; then empty",
    "tenants/fleet/revisions.py: of_code": CODE,
    "tenants/carrying/forks.py: _installed": "whether it was done",
    "tenants/carrying/forks.py: _parents": "closed to all: what a parent goes on using",
    "tenants/carrying/guard.py: _begun": ONE_RUN,
    "tenants/carrying/guard.py: _streamed": ONE_RUN,
    "tenants/carrying/handing_back.py: _probe": ONE_RUN,
    "tenants/hosts.py: canonical_names": PURE,
    "tenants/listener.py: _lock": "replaced in a forked process",
    "tenants/listener.py: _own": "the thread that hears of the control plane",
    "tenants/orders.py: known_timezones": FILES,
    "tenants/plans/rates.py: _empty_until": BY_UUID,
    "tenants/plans/rates.py: _local": BY_UUID,
    "tenants/plans/rates.py: _quiet_until": BY_UUID,
    "tenants/plans/rates.py: page": PURE,
    "tenants/portability/catalog.py: text": FILES,
    "tenants/roles.py: access": SETTINGS,
    "tenants/roles.py: protected": SETTINGS,
    "tenants/domains/names.py: reserved": FILES,
    "tenants/domains/names.py: suffixes": "a list in a package, the same for all",
    "tenants/slugs.py: reserved": FILES,
    "tenants/scheduling/sources.py: load": SETTINGS,
    "tenants/stamp.py: _kept": SETTINGS,
    "tenants/carrying/upstream.py: _blocks": ONE_RUN,
    "workflow/graph.py: _cache": BY_UUID,
    "workflow/handlers.py: applications": CODE,
    "workflow/handlers.py: auto_applications": CODE,
    "workflow/handlers.py: compensations": CODE,
    "workflow/handlers.py: documents": CODE,
    "workflow/handlers.py: forms": CODE,
    "workflow/handlers.py: hooks": CODE,
    "workflow/handlers.py: preconditions": CODE,
    "workflow/handlers.py: push_applications": CODE,
    "workflow/open_counts.py: _statement": "a statement, without values",
    "workflow/sql/__init__.py: step": FILES,
    "workflow/sql/__init__.py: text": FILES,
    "workflow/starts.py: pages": CODE,
    "workflow/tenancy.py: _actor": ONE_RUN,
    "workflow/tenancy.py: _imported": SETTINGS,
    "workflow/steps/reading.py: _statement": FILES,
    "workflow/stored.py: _statement": FILES,
    "workflow/timers.py: _tallies": f"counts for one command; {BY_UUID}",
}

PRODUCT = ("platform", "tenants", "accounts", "workflow")
#: Settings are read once; the kit is tests.
LEFT_OUT = ("platform/config/settings/", "platform/web/", "tenants/testing/")
CACHING = {"cache", "lru_cache", "cached", "cachedmethod"}
CONTAINERS = {"dict", "list", "set", "OrderedDict", "defaultdict", "deque", "Counter"}
CONTAINERS |= {"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "ContextVar"}
CONTAINERS |= {"TTLCache", "LRUCache", "LFUCache", "Local", "local", "SimpleQueue"}
CHANGES = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop"}
CHANGES |= {"popitem", "remove", "setdefault", "update"}


def name_of(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def kept_in(tree: ast.AST, classes: frozenset[str]) -> Iterator[str]:
    """Yield what a module keeps for as long as its process runs.

    Cached functions, names bound anew by `global`, containers that are changed, and
    instances of our own classes at the level of the module, or hung on another object.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if CACHING & {name_of(one) for one in node.decorator_list}:
                yield node.name
        elif isinstance(node, ast.ClassDef):
            kept = (name for name, value in assigned(node.body) if is_container(value))
            yield from (f"{node.name}.{name}" for name in kept)
        elif isinstance(node, ast.Assign) and is_hung(node, classes):
            yield name_of(node.targets[0])
    changed = set(names_changed(tree))
    for name, value in assigned(getattr(tree, "body", [])):
        own = isinstance(value, ast.Call) and name_of(value) in classes
        if is_container(value) or is_empty(value) or name in changed or own:
            yield name


def is_hung(node: ast.Assign, classes: frozenset[str]) -> bool:
    """Tell whether something of ours is put into an object of somebody else."""
    target = node.targets[0]
    return (
        isinstance(target, ast.Attribute)
        and target.attr.startswith("_")
        and name_of(target.value) not in {"self", "cls"}
        and isinstance(node.value, ast.Call)
        and name_of(node.value) in classes
    )


def names_changed(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in CHANGES and isinstance(node.func.value, ast.Name):
                yield node.func.value.id
        elif isinstance(node, ast.Assign | ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Subscript):
                    yield name_of(target)


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield name_of(node.targets[0]), node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            yield name_of(node.target), node.value


def is_container(value: ast.AST) -> bool:
    return isinstance(value, ast.Call) and name_of(value) in CONTAINERS


def is_empty(value: ast.AST) -> bool:
    return isinstance(value, ast.Dict | ast.List) and not ast.unparse(value)[1:-1]


def stateful(trees: dict[str, ast.AST]) -> frozenset[str]:
    """Return our classes, but for those whose instances cannot change."""
    return frozenset(
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and not any("frozen=True" in ast.unparse(one) for one in node.decorator_list)
    ) - {"Lock"}


@cache
def found() -> frozenset[str]:
    trees: dict[str, ast.AST] = {}
    for folder in PRODUCT:
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(LEFT_OUT) and "/migrations/" not in name:
                trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    classes = stateful(trees)
    return frozenset(
        f"{name}: {kept}"
        for name, tree in trees.items()
        for kept in kept_in(tree, classes)
    )


def test_all_that_a_process_keeps_is_listed_with_its_reason() -> None:
    assert sorted(found() - set(KEPT)) == [], "list it with the reason, or key it"
    assert sorted(set(KEPT) - found()) == [], "this is gone; take it off the list"


@pytest.mark.parametrize(
    "source",
    [
        "@cache\ndef kept(): pass",
        "@functools.lru_cache(maxsize=1)\ndef kept(): pass",
        "@cached(cache={})\nasync def kept(): pass",
        "kept = {}",
        "kept: dict[str, int] = {}",
        "kept = []",
        "kept = set()",
        "kept = defaultdict(list)",
        "kept: Final = TTLCache(1, 2)",
        "kept = ContextVar('kept')",
        "kept = {'a': 1}\ndef f():\n    kept['b'] = 2",
        "kept = ['a']\ndef f():\n    kept.append('b')",
        "kept = None\ndef f():\n    global kept\n    kept = 1",
        "kept = Keeper()",
    ],
)
def test_the_list_would_notice(source: str) -> None:
    assert list(kept_in(ast.parse(source), frozenset({"Keeper"}))) == ["kept"]


def test_the_list_would_notice_what_a_class_keeps() -> None:
    source = "class Keeper:\n    kept = dict()\n    other = 1\n    listed = ['a']"
    assert list(kept_in(ast.parse(source), frozenset())) == ["Keeper.kept"]
    source = "def install():\n    Manager._kept = Keeper()"
    assert list(kept_in(ast.parse(source), frozenset({"Keeper"}))) == ["_kept"]


@pytest.mark.parametrize(
    "source", ["NAMES = {'a': 1}", "x = 1", "def f():\n    x = {}\n    x['a'] = 1"]
)
def test_constants_and_locals_are_not_kept(source: str) -> None:
    assert list(kept_in(ast.parse(source), frozenset({"Keeper"}))) == []


# In two threads, with what differs between the tenants


def beside(
    acme: TenantInfo, globex: TenantInfo, look: Callable[[], Any], rounds: int = 10
) -> list[set[Any]]:
    """Return what two threads see, one in each tenant, turn by turn."""
    barrier = threading.Barrier(2)

    def work(tenant: TenantInfo) -> set[Any]:
        try:
            seen = set()
            for _round in range(rounds):
                barrier.wait(PATIENCE)
                with use(tenant):
                    seen.add(look())
            return seen
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(work, tenant) for tenant in (acme, globex)]
        return [job.result(2 * PATIENCE) for job in jobs]


@pytest.fixture
def other_numbers(transactional_db, acme, globex) -> Iterator[dict[str, int]]:
    """Number two content types of globex the other way round; return acme's numbers."""
    pair = ("user", "leaverequest")
    with use(acme):
        ContentType.objects.clear_cache()
        types = ContentType.objects.filter(model__in=pair)
        numbers = {row.model: row.pk for row in types}
    with use(globex):
        rows = {row.model: row for row in ContentType.objects.filter(model__in=pair)}
        assert {model: row.pk for model, row in rows.items()} == numbers
        swap(rows["user"], rows["leaverequest"])
        ContentType.objects.clear_cache()
    yield numbers
    for tenant in (acme, globex):
        with use(tenant):
            ContentType.objects.clear_cache()


def swap(first: ContentType, second: ContentType) -> None:
    names = (first.app_label, first.model), (second.app_label, second.model)
    rows = ContentType.objects
    rows.filter(pk=first.pk).update(model="between")
    rows.filter(pk=second.pk).update(app_label=names[0][0], model=names[0][1])
    rows.filter(pk=first.pk).update(app_label=names[1][0], model=names[1][1])


def test_each_tenant_finds_its_own_numbers_and_types(
    acme, globex, other_numbers
) -> None:
    mine, theirs = other_numbers["user"], other_numbers["leaverequest"]
    types = ContentType.objects

    def numbers() -> tuple[int, ...]:
        return (
            types.get_for_model(User).pk,
            types.get_by_natural_key("accounts", "user").pk,
            types.get_for_models(User)[User].pk,
            documents.content_type_id(User),
        )

    def models() -> tuple[Any, ...]:
        return types.get_for_id(mine).model_class(), documents.model_of(mine)

    assert beside(acme, globex, numbers) == [{(mine,) * 4}, {(theirs,) * 4}]
    assert beside(acme, globex, models) == [{(User,) * 2}, {(LeaveRequest,) * 2}]
    with use(globex):
        types.clear_cache()
    with use(acme):
        assert ("accounts", "user") in types._cache["default"]


def test_one_cache_for_all_would_give_anothers_number(
    acme, globex, other_numbers, monkeypatch
) -> None:
    """The negative control: Django's cache as it is."""
    monkeypatch.setattr(ContentTypeManager, "_cache", {})
    with use(acme):
        ContentType.objects.get_for_model(User)
    seen = beside(acme, globex, lambda: ContentType.objects.get_for_model(User).pk)
    assert seen == [{other_numbers["user"]}] * 2


@pytest.mark.django_db(transaction=True)
def test_a_permission_in_one_tenant_is_none_in_the_other(acme, globex) -> None:
    """Bob has the same number, name and groups in both."""
    with use(acme):
        employees = Group.objects.get(name="Employees")
        employees.permissions.add(Permission.objects.get(codename="view_leaverequest"))

    def look() -> tuple[bool, bool]:
        bob = User.objects.get(username="bob")
        first = bob.has_perm("leave.view_leaverequest")
        return first, bob.has_perm("leave.view_leaverequest")

    assert beside(acme, globex, look) == [{(True, True)}, {(False, False)}]


@pytest.mark.django_db(transaction=True)
def test_a_process_with_the_same_number_is_each_tenants_own(acme, globex) -> None:
    with use(globex):
        leave = Process.objects.filter(status="published").first()
        past_the_models = Process._base_manager.filter(pk=leave.pk)
        past_the_models.update(title="Leave of Globex")
        changed = Process.objects.get(pk=leave.pk)
        fingerprint = graph.fingerprint(graph.load(leave.pk))
        past_the_models.update(content_hash=fingerprint)
        assert changed.pk == leave.pk

    def look() -> str:
        return graph.of(Process.objects.get(pk=leave.pk)).title

    assert beside(acme, globex, look) == [{leave.title}, {"Leave of Globex"}]


# URLs and templates


def test_mixed_requests_add_nothing_to_the_cache_of_urls(
    visitor, acme, globex, settings
) -> None:
    settings.ROOT_URLCONF = settings.PUBLIC_SCHEMA_URLCONF = "tests.tenants.urls"

    def ask(host: str) -> str | None:
        return visitor(host).get("/here").json()["tenant"]

    hosts = ["acme.localhost", "globex.localhost", "localhost"]
    expected = ["acme", "globex", None]
    assert [ask(host) for host in hosts] == expected
    before = _get_cached_resolver.cache_info().currsize
    for _round in range(20):
        assert [ask(host) for host in hosts] == expected
    assert _get_cached_resolver.cache_info().currsize == before
    assert get_urlconf() is None


def test_the_two_sites_have_routes_of_their_own_in_turn(visitor, acme) -> None:
    for _round in range(3):
        assert visitor("acme.localhost").get("/accounts/sign-in").status_code == 200
        assert visitor("acme.localhost").get("/signup/").status_code == 404
        assert visitor("localhost").get("/signup/").status_code == 200
        assert visitor("localhost").get("/leave/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_page_names_its_own_tenant_in_threads(visitor, acme, globex) -> None:
    def look() -> tuple[bool, bool]:
        host = current_or_none().primary_domain
        with use_control():  # a request enters its tenant by itself
            page = visitor(host).get("/accounts/sign-in").content
        return b"Acme" in page, b"Globex" in page

    assert beside(acme, globex, look, rounds=3) == [{(True, False)}, {(False, True)}]


def test_a_template_keeps_nothing_of_what_it_was_rendered_with(acme, globex) -> None:
    """One template for all; what a page cycles through is the page's own."""
    text = (
        "{% for x in 'abc' %}{% cycle 1 2 %}{% ifchanged t %}{{ t }}{% endifchanged %}"
    )
    template = engines["django"].from_string(text + "{% endfor %}")

    def look() -> str:
        return template.render({"t": current_or_none().slug})

    assert beside(acme, globex, look) == [{"1acme21"}, {"1globex21"}]
