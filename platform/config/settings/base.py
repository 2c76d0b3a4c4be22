"""What holds everywhere; values that differ come from the environment."""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.settings.admin import UNFOLD, UNFOLD_OPERATORS  # noqa: F401 - settings
from config.settings.mail import *  # noqa: F403 - settings are a namespace
from kernel import env

ROOT = Path(__file__).resolve().parents[3]
DATA_DIR = Path(env.text("TENANTRY_DATA_DIR") or ROOT / ".data")

DEBUG = False
DEVELOPMENT_MODE = False

# Applications: what lives in the control plane, what in each tenant, what in both

IN_BOTH = [
    "accounts",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
]
SHARED_APPS = ["tenants", *IN_BOTH]
TENANT_APPS = [*IN_BOTH, "workflow", "leave"]
INSTALLED_APPS = [
    "config.apps.TenantryConfig",  # the names of the platform's pages and commands
    "tenants",
    "accounts",
    "workflow",
    "leave",
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",  # serves the API page from here, not from elsewhere
    "django_htmx",
    "lucide",
    "django_tenants",  # last: it would replace templates of the admin
]

# Tenancy

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_SYNC_ROUTER = "tenants.db.router.PlaneRouter"
DATABASE_ROUTERS = [TENANT_SYNC_ROUTER]
PUBLIC_SCHEMA_URLCONF = "config.public_urls"
ROOT_URLCONF = "config.urls"

TENANT_PROVISIONING_STEPS = [
    "accounts.provisioning.prepare",
    "workflow.provisioning.prepare",
    "leave.provisioning.install",
]
#: How many schemas wait for the next tenants; 0 makes each when it is ordered.
TENANT_WARM_TARGET = env.number("TENANT_WARM_TARGET", 3, low=0, high=100)
#: How many schemas are made or dropped at once, as each takes some 600 locks.
TENANT_SCHEMAS_AT_ONCE = env.number("TENANT_SCHEMAS_AT_ONCE", 4, low=1, high=64)
TENANT_DUE_SOURCES = [
    "workflow.timers",
    "accounts.token_warnings",
    "accounts.mail.outbox",
    "accounts.mail.retention",
    "workflow.anchors",
    "workflow.idempotency",
    "accounts.purging",
]
CONTROL_DUE_SOURCES = [
    "accounts.mail.outbox",
    "accounts.mail.retention",
    "accounts.purging",
]
#: What tells when a tenant last did something: queries of one row each.
TENANT_ACTIVITY = ["accounts.events.last", "workflow.audit.last"]
#: From which size of a table on `migrate --plan` warns of an index built under a lock.
TENANT_INDEX_BOUND_BYTES = 64_000_000
#: The last migration of each app that is older than the lint of migrations.
TENANT_MIGRATIONS_BEFORE_LINT = {
    "accounts": "0003",
    "leave": "0001",
    "workflow": "0003",
}
#: What each app's tables hold, for export and import.
TENANT_EXPORT_POLICIES = [
    "config.portability.POLICIES",
    "accounts.portability.POLICIES",
    "workflow.portability.POLICIES",
    "leave.portability.POLICIES",
]
#: Public Ed25519 keys, in base64; with one, an import needs its signature.
TENANT_EXPORT_KEYS = env.words("TENANT_EXPORT_KEYS")
TENANT_MAIL_SENDER = "accounts.mail.put"
TENANT_OWNER_ENTRY = "accounts.provisioning.owner_entry"
TENANT_SESSIONS_END = "accounts.sessions.end_everywhere"
#: What a tenant with an overdue payment still writes, by the database too: who comes
#: in, and what is told of it. Everything else can be read and not changed.
TENANT_ACCESS_TABLES = {
    "accounts.ApiToken": "UPDATE",
    "accounts.Challenge": "DELETE, INSERT, UPDATE",
    "accounts.LimitCounter": "DELETE, INSERT, UPDATE",
    "accounts.MailMessage": "INSERT, UPDATE",
    "accounts.MfaDevice": "UPDATE",
    "accounts.RecoveryCode": "UPDATE",
    "accounts.RefreshSession": "DELETE, INSERT, UPDATE",
    "accounts.SecurityEvent": "INSERT",
    "accounts.User": "UPDATE",
    "sessions.Session": "DELETE, INSERT, UPDATE",
}
#: Where such a tenant may send something: each of these paths, and all below it.
#: Who does not pay may leave: the deletion of the whole workspace is among them.
TENANT_PAST_DUE_PATHS = [
    "/accounts/plan/delete",
    "/accounts/sign-in",
    "/accounts/sign-out",
    "/admin/login",
    "/admin/logout",
    "/api/accounts/deletion",
    "/api/auth",
    "/api/billing",
    "/api/export",
    "/billing",
    "/export",
]

#: What stands before PostgreSQL: nothing, or a pooler by session or by transaction.
TENANTRY_POOLING = env.choice(
    "TENANTRY_POOLING", "direct", of=("direct", "session", "transaction")
)
#: How long a statement of a tenant may run, and wait for a lock; 0 is for ever.
TENANTRY_STATEMENT_TIMEOUT_MS = env.number(
    "TENANTRY_STATEMENT_TIMEOUT_MS", 30_000, low=0, high=3_600_000
)
TENANTRY_LOCK_TIMEOUT_MS = env.number(
    "TENANTRY_LOCK_TIMEOUT_MS", 10_000, low=0, high=3_600_000
)
#: How long a transaction of a tenant may wait for its own program; 0 is for ever.
TENANTRY_IDLE_TRANSACTION_TIMEOUT_MS = env.number(
    "TENANTRY_IDLE_TRANSACTION_TIMEOUT_MS", 60_000, low=0, high=3_600_000
)

# What a tenant may use where its plan says nothing

#: The plan of a tenant that is ordered without one; empty: none.
TENANT_DEFAULT_PLAN = env.text("TENANT_DEFAULT_PLAN")
#: Requests of each class in a minute; 0 counts none.
TENANTRY_REQUESTS_PER_MINUTE = env.number(
    "TENANTRY_REQUESTS_PER_MINUTE", 0, low=0, high=6_000_000
)
#: Files that pages bring along; they have a count of their own, and so take nothing
#: from the pages.
TENANTRY_FILE_PATHS = ("/static/", "/branding/", "/branding.css")
#: Where what is sent costs most, a hash of a password or a mail.
TENANTRY_SIGN_IN_PATHS = (
    "/accounts/sign-in",
    "/accounts/register",
    "/accounts/forgot",
    "/api/auth/web/sign-in",
    "/api/auth/web/mfa",
    "/api/auth/mobile/sign-in",
    "/api/auth/mobile/mfa",
    "/api/accounts/register",
    "/api/accounts/forgot-password",
)
#: Who counts what a plan limits, for the entered tenant.
TENANT_QUOTA_COUNTERS = {
    "seats": "accounts.seats.count",
    "api_tokens": "accounts.api_tokens.count",
    "running_instances": "workflow.running.count",
    "storage_bytes": "tenants.storage.used_bytes",
}

# Hosts and addresses: the tenant look-up decides, so Django's own list is open

TENANTRY_PLATFORM_DOMAIN = env.text("TENANTRY_PLATFORM_DOMAIN", "localhost")
TENANTRY_PUBLIC_HOSTS = env.words("TENANTRY_PUBLIC_HOSTS") or [
    TENANTRY_PLATFORM_DOMAIN,
    f"www.{TENANTRY_PLATFORM_DOMAIN}",
]
TENANTRY_SCHEME = env.choice("TENANTRY_SCHEME", "http", of=("http", "https"))
TENANTRY_PORT = env.number("PORT", 8000, low=1, high=65535)
#: Whether a process hears changes of tenants and hosts at once, by a connection of its
#: own; without it, they are in force after two seconds.
TENANTRY_LISTEN = env.flag("TENANTRY_LISTEN", True)
#: Where customers' own names must lead: names or addresses; by default the platform's.
TENANTRY_EDGE = env.words("TENANTRY_EDGE")
#: The two resolvers that must agree on a customer's name, each with a port if need be;
#: by default that of this machine and a public one.
TENANTRY_RESOLVERS = env.words("TENANTRY_RESOLVERS")
#: What the proxy sends that asks for which names it may get certificates.
TENANTRY_ASK_SECRET = env.text("TENANTRY_ASK_SECRET")
ALLOWED_HOSTS = ["*"]
USE_X_FORWARDED_HOST = False
#: How many proxies of ours stand before the server; 0 believes no X-Forwarded-For.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0, low=0, high=8)

# The cache: each key carries its tenant, and without a tenant there is no key

CACHE_URL = env.text("CACHE_URL")  # a Redis or Valkey; without it each process has one
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": f"tenants.cache.{'RedisCache' if CACHE_URL else 'LocMemCache'}",
        "LOCATION": CACHE_URL,
        "KEY_FUNCTION": "tenants.cache.key",
    },
}
if CACHE_URL:
    CACHES["default"]["OPTIONS"] = {"socket_timeout": 2, "socket_connect_timeout": 2}

# Files: each name lies under its tenant's prefix, and each address is signed

MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or DATA_DIR / "media")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "tenants.storage.TenantStorage"},
    "control": {"BACKEND": "tenants.storage.ControlStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Requests

MIDDLEWARE = [
    "tenants.domains.asking.AskMiddleware",
    "config.middleware.RequestId",
    "config.middleware.SecurityHeaders",
    "tenants.middleware.TenantMiddleware",
    "config.middleware.NotedRefusals",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.plans.rates.RequestRate",  # a file that is found has cost nothing by now
    "config.middleware.ReadableRequests",
    "config.middleware.ErrorPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.CommonRules",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.DeviceAuthentication",
    "config.middleware.OwnLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
#: The longest body of a form with files; a proxy before the server may take less.
TENANTRY_UPLOAD_MAX_BYTES = env.number(
    "TENANTRY_UPLOAD_MAX_BYTES", 26_214_400, low=1_048_576, high=10_737_418_240
)
APPEND_SLASH = True

# Pages

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "platform" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.frame",
            ],
        },
    },
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "platform" / "web" / "static"]
CSRF_FAILURE_VIEW = "config.error_pages.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/accounts/sign-in"
LOGIN_REDIRECT_URL = "/"
SIGNING_BACKEND = "tenants.signing.TimestampSigner"
SESSION_ENGINE = "tenants.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Tokens

JWT_KEY_DIR = Path(env.text("JWT_KEY_DIR") or DATA_DIR / "keys")
JWT_PRIVATE_KEY = env.text("JWT_PRIVATE_KEY")
JWT_PUBLIC_KEY = env.text("JWT_PUBLIC_KEY")
JWT_PRIVATE_KEY_STORAGE = "accounts.keys.key_storage"
JWT_PUBLIC_KEY_STORAGE = "accounts.keys.key_storage"
NINJA_SIMPLE_JWT = {
    "USE_STATELESS_AUTH": False,
    # Nothing of ours asks the library for claims; what it made would be this alone.
    "TOKEN_CLAIM_USER_ATTRIBUTE_MAP": {"user_id": "id"},
    "JWT_PRIVATE_KEY_STORAGE": JWT_PRIVATE_KEY_STORAGE,
    "JWT_PUBLIC_KEY_STORAGE": JWT_PUBLIC_KEY_STORAGE,
}

# Account flows, under the seed's names; how mail leaves stands in config.settings.mail

WORKFLOWS: dict[str, object] = {
    "COMPANY_NAME": "Tenantry",
    "RESET_CODE_TTL_MINUTES": 10,
    "MAX_VERIFY_ATTEMPTS": 3,
}
#: What is ours and not the seed's. A service that answers ranges of breached passwords,
#: and a file of them; empty: not asked. Whether operators need a second factor.
ACCOUNTS: dict[str, object] = {
    "BREACHED_PASSWORDS_URL": env.text("BREACHED_PASSWORDS_URL"),
    "BREACHED_PASSWORDS_FILE": env.text("BREACHED_PASSWORDS_FILE"),
    "OPERATORS_REQUIRE_MFA": env.flag("OPERATORS_REQUIRE_MFA", False),
    # For how many days the row of a mail stays after its end, with its recipients.
    "MAIL_LOG_DAYS": env.number("MAIL_LOG_DAYS", 180, low=30, high=3650),
}

# Outgoing connections: public hosts by https, and beside them what is named here

#: Tells whether a call may leave: not on behalf of a shadow, which is for looking at.
OUTGOING_GUARD = "tenants.context.may_call_out"
OUTGOING_PRIVATE_HOSTS = env.words("OUTGOING_PRIVATE_HOSTS")

# Workflow, under the seed's names

GOFLOW_SCHEDULER_BACKEND = env.text(
    "GOFLOW_SCHEDULER_BACKEND", "workflow.scheduler.CronSchedulerBackend"
)
GOFLOW_CONDITION_STRATEGY = "compatible"
GOFLOW_LOCK_STRATEGY = env.choice(
    "GOFLOW_LOCK_STRATEGY", "optimistic", of=("optimistic", "pessimistic")
)
GOFLOW_AUDIT_ENABLED = True
GOFLOW_TENANT_RESOLVER = "workflow.tenancy.resolve"
GOFLOW_TENANT_FILTER = "workflow.tenancy.filter_queryset"
GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP = True
GOFLOW_API_OBJECT_OWNER_FIELDS = ("requester",)
WF_USER_AUTO = "workflow-auto"

# Background work: PostgreSQL holds what is due, the broker only carries the news

TENANTRY_DISPATCH = (
    "celery" if GOFLOW_SCHEDULER_BACKEND.endswith("CelerySchedulerBackend") else "cron"
)
TENANTRY_TICK_SECONDS = 5
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "tenants.provision": {"queue": "provisioning"},
    "tenants.survey": {"queue": "provisioning"},
    "tenants.warm": {"queue": "provisioning"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 600,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "tenants.tick",
        "schedule": TENANTRY_TICK_SECONDS,
        "options": {"expires": TENANTRY_TICK_SECONDS},
    },
}

# Languages and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
#: What mails are written in, under the names that their readers know; the catalogues
#: in `locale/` cover all mails, and the pages not yet.
MAIL_LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("ja", "日本語"),
    ("zh-hans", "简体中文"),
    ("zh-hant", "繁體中文"),
]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Logs: one structured line an event, with tenant and request, without secrets

LOGGING_CONFIG = "kernel.logging.configure"
LOGGING = {
    "level": env.text("LOG_LEVEL", "INFO"),
    "processors": ["tenants.logs.add_tenant"],
}
