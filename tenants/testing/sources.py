"""What the product's own sources use: caches, storages, threads.

Reads the sources and not the running program, so a use that no test reaches counts.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

#: A name that a source uses, whole or to a dot, and what kind of use it is.
USES: Final = {
    "django.core.cache": "cache",
    "functools.cache": "cache",
    "functools.lru_cache": "cache",
    "functools.cached_property": "",
    "cachetools": "cache",
    "django.core.files": "storage",
    "django.db.models.FileField": "storage",
    "django.db.models.ImageField": "storage",
    "tempfile": "storage",
    "shutil": "storage",
    "threading.Thread": "thread",
    "threading.Timer": "thread",
    "concurrent.futures": "thread",
    "multiprocessing": "thread",
    "asyncio.to_thread": "thread",
    "_thread": "thread",
}
#: Methods that are uses whatever they are called on.
METHODS: Final = {
    "write_text": "storage",
    "write_bytes": "storage",
    "run_in_executor": "thread",
    "cache_clear": "",
}
WRITING: Final = frozenset("wax+")


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One use: `kind` is cache, storage or thread, `place` is `module.function`."""

    kind: str
    place: str


def uses(packages: Iterable[tuple[str, Path]]) -> set[Use]:
    """Return the uses in these packages, each a dotted name with its folder."""
    return {use for name, folder in packages for use in uses_below(name, folder)}


@cache
def uses_below(name: str, folder: Path) -> frozenset[Use]:
    """Return the uses in one package, read once a run."""
    found: set[Use] = set()
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "migrations" not in parts:
            module = ".".join((name, *(p for p in parts if p != "__init__")))
            found.update(uses_in(path.read_text(encoding="utf-8"), module))
    return frozenset(found)


def uses_in(source: str, module: str) -> Iterator[Use]:
    """Yield the uses in one source."""
    tree = ast.parse(source)
    yield from Reader(module, imported(tree)).below(tree, module)


def imported(tree: ast.AST) -> dict[str, str]:
    """Return what the imported names stand for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                shown = one.asname or one.name.partition(".")[0]
                names[shown] = one.name if one.asname else shown
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                names[one.asname or one.name] = f"{node.module}.{one.name}"
    return names


@dataclass(frozen=True, slots=True)
class Reader:
    """Walks one source and remembers in which function it is."""

    module: str
    names: dict[str, str]

    def below(self, node: ast.AST, place: str) -> Iterator[Use]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                continue
            kind = self.kind_of(child)
            if kind:
                yield Use(kind, place)
            yield from self.below(child, self.inside(child, place))

    def inside(self, node: ast.AST, place: str) -> str:
        named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        return f"{place}.{node.name}" if isinstance(node, named) else place

    def kind_of(self, node: ast.AST) -> str:
        """Return the kind of use that a node is by itself; empty for none."""
        if isinstance(node, ast.Call) and is_writing(node):
            return "storage"
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            return METHODS[node.attr]
        if isinstance(node, ast.Name | ast.Attribute):
            return known(self.dotted(node))
        return ""

    def dotted(self, node: ast.expr) -> str:
        """Return what a name stands for, from its import on."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""


def known(dotted: str) -> str:
    """Return the kind of a dotted name; of two entries the longer one decides."""
    while dotted:
        if dotted in USES:
            return USES[dotted]
        dotted = dotted.rpartition(".")[0]
    return ""


def is_writing(call: ast.Call) -> bool:
    """Tell whether a call opens a file to write."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    name = function.id if isinstance(function, ast.Name) else name
    if name not in {"open", "fdopen"}:
        return False
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
    return any(
        isinstance(one, ast.Constant)
        and isinstance(one.value, str)
        and len(one.value) <= len("rb+t")
        and bool(WRITING & set(one.value))
        for one in given
    )
