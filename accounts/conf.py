"""The settings of accounts, typed: `WORKFLOWS`, `EMAIL_*` and what is ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PROVIDERS = ("", "mailpit", "smtp", "disabled")
POLICIES = ("open", "domains", "invite_only")

#: The keys of WORKFLOWS that hold a whole number: default, lowest, highest.
NUMBERS = {
    "RESET_CODE_TTL_MINUTES": (10, 1, 10),
    "REGISTER_CODE_TTL_MINUTES": (10, 1, 1440),
    "MAX_VERIFY_ATTEMPTS": (3, 1, 10),
    "CODE_LENGTH": (6, 6, 12),
    "INVITATION_TTL_DAYS": (7, 1, 30),
}
#: The keys of WORKFLOWS that are known beside the numbers.
TEXTS = (
    "USER_META_MODEL",
    "COMPANY_NAME",
    "FORGOT_PASSWORD_URL",
    "EMAIL_FROM_NAME",
    "REGISTRATION_POLICY",
)
SWITCHES = ("ENABLE_EMAIL_DELIVERY", "LOG_VERIFICATION_CODES_IN_DEBUG")

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})


@dataclass(frozen=True)
class Conf:
    """What the flows and the mail service read; built from the settings."""

    company_name: str
    forgot_password_url: str
    from_name: str
    registration_policy: str
    reset_code_life: timedelta
    register_code_life: timedelta
    invitation_life: timedelta
    attempts: int
    code_length: int
    provider: str
    delivery_enabled: bool
    development: bool
    email_from: str
    reply_to: tuple[str, ...]
    bcc: tuple[str, ...]


def current() -> Conf:
    """Return the settings as they are now.

    Raises ImproperlyConfigured for a wrong type, an unknown word or a number out of
    bounds; nothing falls back silently.
    """
    flows = workflows()
    numbers = {key: _number(flows, key) for key in NUMBERS}
    texts = {key: _text(flows, key) for key in TEXTS}
    _check_meta_model(texts["USER_META_MODEL"])
    return Conf(
        company_name=texts["COMPANY_NAME"],
        forgot_password_url=texts["FORGOT_PASSWORD_URL"],
        from_name=texts["EMAIL_FROM_NAME"],
        registration_policy=_word(
            "REGISTRATION_POLICY", texts["REGISTRATION_POLICY"] or "open", POLICIES
        ),
        reset_code_life=timedelta(minutes=numbers["RESET_CODE_TTL_MINUTES"]),
        register_code_life=timedelta(minutes=numbers["REGISTER_CODE_TTL_MINUTES"]),
        invitation_life=timedelta(days=numbers["INVITATION_TTL_DAYS"]),
        attempts=numbers["MAX_VERIFY_ATTEMPTS"],
        code_length=numbers["CODE_LENGTH"],
        provider=_provider(),
        delivery_enabled=_delivery_enabled(flows),
        development=bool(settings.DEVELOPMENT_MODE),
        email_from=settings.EMAIL_FROM or settings.DEFAULT_FROM_EMAIL,
        reply_to=tuple(settings.EMAIL_REPLY_TO),
        bcc=tuple(settings.BCC_RECIPIENTS),
    )


def workflows() -> Mapping[str, Any]:
    """Return the seed's settings dictionary."""
    flows: Mapping[str, Any] = getattr(settings, "WORKFLOWS", {})
    return flows


def boolean(name: str, value: object) -> bool:
    """Return a real boolean or one of the words; everything else is refused."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use true or false.")


def _number(flows: Mapping[str, Any], key: str) -> int:
    default, low, high = NUMBERS[key]
    if key == "REGISTER_CODE_TTL_MINUTES":
        default = flows.get("RESET_CODE_TTL_MINUTES", default)
    value = flows.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] must be a whole number.")
    if not low <= value <= high:
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] must lie in {low} to {high}.")
    return value


def _text(flows: Mapping[str, Any], key: str) -> str:
    value = flows.get(key, "")
    if not isinstance(value, str):
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] must be a text.")
    return value


def _word(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        words = ", ".join(word for word in known if word)
        raise ImproperlyConfigured(f"{name} is {value!r}; use one of: {words}.")
    return value


def _provider() -> str:
    word = str(settings.EMAIL_DELIVERY_PROVIDER).strip().lower()
    if word == "mailgun":
        raise ImproperlyConfigured(
            "EMAIL_DELIVERY_PROVIDER=mailgun is not supported by this version;"
            " use smtp with the relay of your provider."
        )
    return _word("EMAIL_DELIVERY_PROVIDER", word, PROVIDERS)


def _delivery_enabled(flows: Mapping[str, Any]) -> bool:
    from_environment = boolean("ENABLE_EMAIL_DELIVERY", settings.ENABLE_EMAIL_DELIVERY)
    if "ENABLE_EMAIL_DELIVERY" not in flows:
        return from_environment
    value = boolean("ENABLE_EMAIL_DELIVERY", flows["ENABLE_EMAIL_DELIVERY"])
    if value != from_environment:
        raise ImproperlyConfigured(
            "ENABLE_EMAIL_DELIVERY differs between WORKFLOWS and the environment."
        )
    return value


def _check_meta_model(value: str) -> None:
    if value and "." not in value:
        raise ImproperlyConfigured(
            "WORKFLOWS['USER_META_MODEL'] must be a dotted path like"
            " 'myapp.models.UserMeta'."
        )
