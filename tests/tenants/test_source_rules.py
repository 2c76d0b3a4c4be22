"""What no source of ours may hold (CTX-13); each rule finds the snippet it is for."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("platform", "tenants", "accounts", "workflow", "deploy", "manage.py")
EVERYWHERE = (*PRODUCT, "tests")
#: Tests that a fork may use: no part of what serves.
KIT = "tenants/testing/"
#: A function that yields inside a block is one of these, or leaves its reader there.
BLOCKS = {"contextmanager", "asynccontextmanager", "fixture", "entering"}
ENTERS = {"use", "use_control", "serving", "schema_context", "tenant_context"}
THREADS = {
    "threading": {"Thread", "Timer"},
    "concurrent": {"ThreadPoolExecutor", "ProcessPoolExecutor"},
    "multiprocessing": {"*"},
    "_thread": {"*"},
}


@dataclass(frozen=True)
class Rule:
    """What is looked for, where, and which files may hold it, with the reason."""

    subject: str
    lines: Callable[[ast.AST], Iterator[int]]
    offending: tuple[str, ...]
    harmless: tuple[str, ...]
    folders: tuple[str, ...] = PRODUCT
    allowed: dict[str, str] = field(default_factory=dict)


def name_of(node: ast.AST) -> str:
    """Return the last name of an expression: of `a.b[c]` it is `b`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def called(node: ast.AST) -> str:
    """Return the name of what is called, or of what is named without a call."""
    return name_of(node.func if isinstance(node, ast.Call) else node)


# The rules


def rows_as_blocks(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        entered: list[ast.expr] = []
        if isinstance(node, ast.With | ast.AsyncWith):
            entered = [item.context_expr for item in node.items]
        elif isinstance(node, ast.Call) and called(node) == "enter_context":
            entered = node.args
        elif isinstance(node, ast.Call) and called(node) in {"activate", "deactivate"}:
            entered = [getattr(node.func, "value", node.func)]
        if any("tenant" in name_of(one).lower() for one in entered):
            yield node.lineno


def upstreams_contexts(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        names = {getattr(node, "id", ""), getattr(node, "attr", "")}
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
        if names & {"schema_context", "tenant_context"}:
            yield node.lineno


def calls(*names: str) -> Callable[[ast.AST], Iterator[int]]:
    """Find calls of these names; as a method too."""

    def lines(tree: ast.AST) -> Iterator[int]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in names:
                yield node.lineno

    return lines


def bare_threads(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            wanted = THREADS.get((node.module or "").partition(".")[0], set())
            found = {alias.name for alias in node.names} & wanted or "*" in wanted
        elif isinstance(node, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in node.names}
            found = any("*" in THREADS.get(root, ()) for root in roots)
        elif isinstance(node, ast.Attribute):
            found = node.attr in set().union(*THREADS.values()) and name_of(
                node.value
            ) in {"threading", "futures", "multiprocessing"}
        else:
            fork = isinstance(node, ast.Call) and called(node) in {
                "fork",
                "run_in_executor",
                "start_new_thread",
            }
            found = fork
        if found:
            yield node.lineno


def same_transactions(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(
            word.arg == "same_transaction" and not is_false(word.value)
            for word in node.keywords
        ):
            yield node.lineno


def is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def yields_inside(tree: ast.AST) -> Iterator[int]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if BLOCKS & {called(one) for one in function.decorator_list}:
            continue
        for node in own(function):
            if isinstance(node, ast.With | ast.AsyncWith) and any(
                isinstance(item.context_expr, ast.Call)
                and called(item.context_expr) in ENTERS
                for item in node.items
            ):
                yield from (
                    inner.lineno
                    for inner in own(node)
                    if isinstance(inner, ast.Yield | ast.YieldFrom)
                )


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what lies below a node, but not in a function of its own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from own(child)


UPSTREAM = "shows that upstream's own ways are safe, or what they would do"
RULES = (
    Rule(
        "no row of a tenant is a block",
        rows_as_blocks,
        (
            "with tenant: pass",
            "with self.tenant as t: pass",
            "async def f():\n    async with my_tenant: pass",
            "with use(a), other_tenants[0]: pass",
            "stack.enter_context(tenant)",
            "tenant.activate()",
            "Tenant.deactivate()",
        ),
        (
            "with use(tenant): pass",
            "with tenant_lock(): pass",
            "translation.activate(tenant.locale)",
        ),
        EVERYWHERE,
    ),
    Rule(
        "no context of django-tenants is used",
        upstreams_contexts,
        (
            "@schema_context('t')\ndef f(): pass",
            "@utils.tenant_context(acme)\ndef f(): pass",
            "from django_tenants.utils import schema_context",
            "from django_tenants.utils import tenant_context as inside",
            "with django_tenants.utils.schema_context('t'): pass",
        ),
        ("text = 'schema_context'", "@use(acme)\ndef f(): pass"),
        EVERYWHERE,
        {
            "tests/tenants/test_upstream.py": UPSTREAM,
            "tests/isolation/leaks/test_l02_shared_decorator.py": UPSTREAM,
        },
    ),
    Rule(
        "no connection is told its tenant by hand",
        calls("set_tenant", "set_schema", "set_schema_to_public"),
        (
            "connection.set_tenant(acme)",
            "connections['default'].set_schema('t')",
            "connection.set_schema_to_public()",
        ),
        ("def set_tenant(self): pass", "use(acme)"),
        PRODUCT,
        {
            "tenants/carrying/upstream.py": "enters for good, for a shell",
        },
    ),
    Rule(
        "no thread or process starts without its tenant",
        bare_threads,
        (
            "from threading import Thread",
            "import threading\nthreading.Timer(1, f)",
            "class T(threading.Thread): pass",
            "from concurrent.futures import ThreadPoolExecutor",
            "from concurrent import futures\nfutures.ProcessPoolExecutor()",
            "import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()",
            "import multiprocessing",
            "from multiprocessing.pool import ThreadPool",
            "import _thread",
            "os.fork()",
            "loop.run_in_executor(None, f)",
        ),
        (
            "from threading import Lock",
            "from workflow.models import Timer\nTimer()",
            "asyncio.to_thread(f)",
            "from tenants.carrying.threads import TenantThread",
        ),
        PRODUCT,
        {
            "tenants/carrying/threads.py": "makes the threads that have one",
            "tenants/listener.py": "serves the process and reads no tenant's data",
            "platform/kernel/embedded/child.py": "makes a cluster, before any tenant",
            "tenants/fleet/jobs.py": "each piece of work enters its own tenant",
        },
    ),
    Rule(
        "nobody but the fleet works as the owner of a tenant's tables",
        calls("as_owner"),
        ("use(as_owner(acme))", "context.as_owner(acme)"),
        ("def as_owner(tenant): pass",),
        PRODUCT,
        {
            "tenants/fleet/owning.py": "migrations change tables",
            "tenants/fleet/pool.py": "fills a schema that is no tenant's yet",
            "tenants/fleet/unborn.py": "the same, of a scratch to compile in",
            "platform/leave/demo/seeding.py": "turns sequences back, in the demo",
            "tenants/portability/archiving.py": "waits for the last writers",
            "tenants/portability/export.py": "reads a tenant whose role is shut out",
            "tenants/portability/import_steps.py": "fills what is no tenant's yet",
            "tenants/portability/loading.py": "as above",
            "tenants/portability/notices.py": "reads whom to tell of a stopped tenant",
            "tenants/portability/purge_steps.py": "counts what is about to go",
            "tenants/portability/storing.py": "empties the place of such a tenant",
            "accounts/purging.py": "old events go: a tenant may delete none",
            "tenants/life/revoking.py": "ends sessions, whatever the state leaves",
        },
    ),
    Rule(
        "no transaction spans two contexts but these",
        same_transactions,
        (
            "use(acme, same_transaction=True)",
            "use_control(same_transaction=yes)",
            "partial(use, same_transaction=True)",
        ),
        ("use(acme, same_transaction=False)", "use(acme)"),
        PRODUCT,
        {
            "tenants/context.py": "hands the word on",
            "tenants/db/base.py": "as above",
            "tenants/life/revoking.py": "a deleted tenant and its sessions end at once",
            "tenants/life/calling_off.py": "signs a link, asks the database nothing",
        },
    ),
    Rule(
        "nobody enters a context for good but these",
        calls("adopt"),
        ("adopt(acme)", "context.adopt(None)"),
        ("def adopt(context): pass",),
        PRODUCT,
        {
            "tenants/db/base.py": "set_tenant, for django-tenants",
            "tenants/carrying/upstream.py": "leaves what was entered for good",
            "tenants/carrying/forks.py": "a child process begins in none",
            "tenants/carrying/guard.py": "a request ends where it began",
            "tenants/celery.py": "a task ends where it began, also in a time limit",
            "tenants/db/hooks/modules.py": "loads modules in none",
        },
    ),
    Rule(
        "no generator leaves its reader in a tenant",
        yields_inside,
        (
            "def rows():\n    with use(acme):\n        yield 1",
            "async def rows():\n    with use_control():\n        yield 1",
            "def rows():\n    for t in all:\n        with a, serving(t): yield from b",
        ),
        (
            "@contextmanager\ndef block():\n    with use(acme):\n        yield",
            "@pytest.fixture\ndef x():\n    with use(acme):\n        yield",
            "def rows():\n    with use(acme):\n        a = list(b)\n    yield from a",
            "def f():\n    with use(acme):\n        def g():\n            yield",
        ),
    ),
)


def by_subject(rule: Rule) -> str:
    return rule.subject


@cache
def trees() -> dict[str, ast.AST]:
    """Return every source of ours as a tree, by its path."""
    paths = [
        path
        for name in EVERYWHERE
        for path in (
            [ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py")
        )
        if "node_modules" not in path.parts
    ]
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
    }


@cache
def found(subject: str) -> dict[str, list[int]]:
    """Return the lines that a rule finds, by file."""
    rule = next(rule for rule in RULES if rule.subject == subject)
    hits = {
        path: sorted(rule.lines(tree))
        for path, tree in trees().items()
        if path.startswith(rule.folders)
        and (rule.folders is EVERYWHERE or not path.startswith(KIT))
    }
    return {path: lines for path, lines in hits.items() if lines}


@pytest.mark.parametrize("rule", RULES, ids=by_subject)
def test_our_sources_keep_the_rule(rule: Rule) -> None:
    strangers = {p: n for p, n in found(rule.subject).items() if p not in rule.allowed}
    assert strangers == {}


@pytest.mark.parametrize("rule", RULES, ids=by_subject)
def test_whoever_may_break_the_rule_does(rule: Rule) -> None:
    """An exception that nobody needs any more would hide the next one."""
    assert set(rule.allowed) - set(found(rule.subject)) == set()


@pytest.mark.parametrize("rule", RULES, ids=by_subject)
def test_the_rule_finds_what_it_is_for(rule: Rule) -> None:
    for snippet in rule.offending:
        assert list(rule.lines(ast.parse(snippet))), snippet
    for snippet in rule.harmless:
        assert not list(rule.lines(ast.parse(snippet))), snippet


BANNED = (
    "from django_tenants.utils import schema_context",
    "from django_tenants.utils import tenant_context",
    "from django_tenants.utils import schema_rename",
    "from django_tenants.clone import CloneSchema",
    "from django_tenants.test.cases import TenantTestCase",
    "from django_tenants.middleware.main import TenantMainMiddleware",
    "from django_tenants.cache import make_key",
    "from django_tenants.files.storage import TenantFileSystemStorage",
    "from concurrent.futures import ProcessPoolExecutor",
    "import multiprocessing",
    "import _thread",
)


def test_ruff_refuses_the_names_that_go_around_us() -> None:
    words = "ruff check --select TID251 --no-cache --output-format concise"
    ended = subprocess.run(
        [sys.executable, "-m", *words.split(), "--stdin-filename", "tenants/x.py", "-"],
        check=False,
        cwd=ROOT,
        input="\n".join([*BANNED, "from threading import Lock"]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = {
        int(line.split(":")[1])
        for line in ended.stdout.splitlines()
        if "TID251" in line
    }
    assert lines == set(range(1, len(BANNED) + 1)), ended.stdout + ended.stderr
