"""The settings that are the same for all three, whatever tenancy they have."""

import json
import os

SECRET_KEY = "the-benchmark-keeps-no-secret-and-this-is-long-enough"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "desk.urls"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

#: What every site has, besides its own app.
CONTRIB = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
]
#: What Django puts into a new project.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def databases(engine: str) -> dict[str, dict[str, object]]:
    """Return the database that the benchmark named, behind a backend.

    Connections last. Without health checks, whose statement a request would add to
    each side and so hide a part of the difference.
    """
    named = json.loads(os.environ["BENCH_DATABASE"])
    lasting = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
    return {"default": {"ENGINE": engine, **named, **lasting}}
