"""The tree and the imports are what the documents say."""

import json
import locale
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import accounts
import config
import kernel
import leave
import tenants.errors
import tenants.portability.errors
import tests
import workflow

ROOT = Path(__file__).resolve().parents[1]
OURS = (kernel, tenants, accounts, workflow, leave, config)
#: What tells where things are; a changelog tells where they were.
DOCUMENTS = [
    *(f"docs/{name}.md" for name in ("architecture", "development", "isolation")),
    *(f"docs/{name}.md" for name in ("glossary", "operations", "security")),
    *(f"{app}/README.md" for app in ("tenants", "accounts", "workflow")),
    *("platform/leave/README.md", "platform/web/README.md"),
    "tests/isolation/README.md",
]


def test_imports_point_one_way():
    assert (
        lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
    )


@pytest.mark.parametrize("module", [platform, locale])
def test_our_folders_hide_no_module_of_the_standard_library(module):
    assert ROOT not in Path(module.__file__).parents
    assert not (ROOT / module.__name__ / "__init__.py").exists()


@pytest.mark.parametrize(
    "package", [*OURS, tests], ids=lambda package: package.__name__
)
def test_our_packages_come_from_the_checkout(package):
    assert ROOT in Path(package.__file__).resolve().parents


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []


def test_the_launchers_import_without_django():
    program = (
        "import sys, kernel.embedded, kernel.embedded.addresses;"
        "import json; print(json.dumps([m for m in sys.modules if m == 'django']))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert json.loads(answer.stdout) == []


def test_no_source_builds_a_link_from_the_host_header():
    found = [str(p) for p in sources() if "build_absolute_uri" in p.read_text()]
    assert found == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_files_that_a_document_names_are_there(name):
    """A file without a folder may be in any."""
    document = ROOT / name
    places = (document.parent, ROOT, ROOT / "platform")
    anywhere = {path.name for path in [*sources(), *(ROOT / "tests").rglob("*.py")]}
    named = re.findall(r"`([\w./-]+\.py)`", document.read_text("utf-8"))
    lost = [one for one in named if not any((at / one).exists() for at in places)]
    assert [one for one in lost if one not in anywhere] == []


@pytest.mark.parametrize(
    "errors", [tenants.errors, tenants.portability.errors], ids=["tenants", "files"]
)
def test_a_tree_of_errors_names_each_of_its_module(errors):
    named = re.findall(r"\w+", errors.__doc__)
    own = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert [name for name in own if name not in named] == []


def sources() -> list[Path]:
    folders = ("platform", "tenants", "accounts", "workflow")
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
