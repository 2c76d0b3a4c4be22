"""The tree and the imports are what the documents say."""

import json
import locale
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import accounts
import config
import kernel
import leave
import tenants
import tests
import workflow

ROOT = Path(__file__).resolve().parents[1]
OURS = (kernel, tenants, accounts, workflow, leave, config)


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


def sources() -> list[Path]:
    folders = ("platform", "tenants", "accounts", "workflow")
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
