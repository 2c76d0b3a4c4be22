"""A fork's own run fails where it added something and said nothing of it (KIT-3).

Runs pytest in another process, as a fork does, on a database of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A task, a receiver, an open operation and a page without a guard.
FORK = """
def pytest_configure(config):
    import config.urls
    from celery import shared_task
    from django.db.models.signals import post_save
    from django.http import HttpResponse
    from django.urls import path
    from ninja import NinjaAPI

    from accounts.models import User

    @shared_task(name="fork.remind")
    def remind(leave_id):
        pass

    def remember(**kwargs):
        pass

    def people(request):
        return HttpResponse(", ".join(map(str, User.objects.all())))

    post_save.connect(remember, sender=User, weak=False)
    api = NinjaAPI(urls_namespace="fork")
    api.get("/weather")(lambda request: {})
    routes = [path("fork/people", people), path("fork/api/", api.urls)]
    config.urls.urlpatterns += routes
"""
DOOR = "test_no_door_opens_to_what_somebody_holds_of_another_tenant"
TESTS = (
    "test_inventory.py::test_the_inventory_knows_everything_and_nothing_that_is_gone",
    "test_matrix.py::test_every_open_door_is_written_down_with_a_reason",
    f"test_matrix.py::{DOOR}[session cookie]",
)


@pytest.mark.long_isolation
def test_the_run_of_a_fork_that_says_nothing_of_what_it_adds_fails(tmp_path: Path):
    said = run_of_a_fork(tmp_path)
    assert "3 failed" in said
    for words in (
        "The task fork.remind is not in the inventory. Say in",
        "fork.pytest_configure.<locals>.remember on post_save of accounts.User is not",
        "GET /fork/api/weather asks for no credential. Say in tests/isolation/plan.py",
        "door='GET /fork/people', kind='session cookie', what='answered 200'",
    ):
        assert words in said, said


def run_of_a_fork(folder: Path) -> str:
    """Return what pytest says where the fork's things are there as well."""
    (folder / "fork.py").write_text(FORK)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    own = f"/fork_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=own).geturl()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "fork", "-vv", "--tb=short"),
            *(f"tests/isolation/{name}" for name in TESTS),
        ],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(folder), "DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stdout
