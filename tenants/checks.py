"""Say at start-up which name in the settings leads nowhere, or cannot be read."""

from collections.abc import Callable, Iterable
from importlib import import_module

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

FUNCTION_LISTS = ("TENANT_PROVISIONING_STEPS", "TENANT_ACTIVITY")
FUNCTIONS = (
    "OUTGOING_GUARD",
    "TENANT_MAIL_SENDER",
    "TENANT_OWNER_ENTRY",
    "TENANT_SESSIONS_END",
)
SOURCE_LISTS = ("TENANT_DUE_SOURCES", "CONTROL_DUE_SOURCES")


def dotted_names(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - the signature of a check
    """Check the names through which lower apps reach higher ones."""
    functions = [
        (name, path) for name in FUNCTION_LISTS for path in getattr(settings, name)
    ] + [(name, getattr(settings, name)) for name in FUNCTIONS]
    functions += [
        ("TENANT_QUOTA_COUNTERS", path)
        for path in settings.TENANT_QUOTA_COUNTERS.values()
    ]
    modules = [
        (name, path) for name in SOURCE_LISTS for path in getattr(settings, name)
    ]
    return [
        *problems(functions, is_function, "is no function", "tenants.E001"),
        *problems(
            modules,
            is_source,
            "has no run_due with due_instants or next_due",
            "tenants.E002",
        ),
    ]


def resolvers(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - as above
    """Check that the resolvers of customers' names are two, and can be read."""
    from tenants.domains.resolvers import addresses

    try:
        addresses()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="tenants.E007")]
    return []


def migrations_fit_a_fleet(
    app_configs: object,  # noqa: ARG001 - the signature of a check
    **kwargs: object,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Check what the migrations of tenants' apps do, while old code still runs."""
    from tenants.fleet.lint import findings

    return [Error(str(one), id="tenants.E010") for one in findings()]


def export_policies(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - the signature of a check
    """Check that each table of a tenant is declared: what it is, what of it goes."""
    from tenants.portability import policies, signature
    from tenants.portability.errors import KeyUnusable

    try:
        signature.public_keys()
    except KeyUnusable:
        return [
            Error(
                "TENANT_EXPORT_KEYS has a key that is no Ed25519 key.",
                id="tenants.E022",
            )
        ]
    try:
        declared = policies.declared()
    except ImportError as error:
        return [Error(f"TENANT_EXPORT_POLICIES: {error}.", id="tenants.E020")]
    return [Error(text, id="tenants.E021") for text in policies.problems(declared)]


def problems(
    names: Iterable[tuple[str, str]],
    is_good: Callable[[str], bool],
    words: str,
    code: str,
) -> list[CheckMessage]:
    return [
        Error(f"{path!r} in {name} {words}.", id=code)
        for name, path in names
        if not is_good(path)
    ]


def is_function(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False


def is_source(path: str) -> bool:
    try:
        module = import_module(path)
    except ImportError:
        return False
    offered = ("due_instants", "next_due")
    return callable(getattr(module, "run_due", None)) and any(
        callable(getattr(module, name, None)) for name in offered
    )
