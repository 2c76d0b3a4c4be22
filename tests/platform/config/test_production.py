"""Production guesses nothing."""

import os
import subprocess
import sys

import pytest

COMPLETE = {
    "SECRET_KEY": "x" * 60,
    "CODE_PEPPER": "y" * 40,
    "ACCOUNTS_SECRET_KEYS": "z" * 40,
    "DATABASE_URL": "postgres://app@db.example/tenantry",
    "CELERY_BROKER_URL": "redis://broker.example/0",
}


def load(**variables: str) -> subprocess.CompletedProcess[str]:
    program = (
        "import config.settings.production as s, sys;"
        "print(s.DEBUG, s.DEVELOPMENT_MODE, s.SESSION_COOKIE_NAME);"
        "print('kernel.embedded' in sys.modules)"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_ENV": "production",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_complete_settings_load_without_anything_embedded():
    assert load(**COMPLETE).stdout == "False False __Host-session\nFalse\n"


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_a_missing_variable_is_an_error_that_names_it(missing):
    answer = load(**{k: v for k, v in COMPLETE.items() if k != missing})
    assert answer.returncode == 1
    assert f"Set {missing}" in answer.stderr
