"""The settings of accounts, typed: `WORKFLOWS`, `EMAIL_*` and what is ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from accounts import recipients
from kernel.text import has_controls

PROVIDERS = ("", "mailgun", "mailpit", "smtp", "disabled")
POLICIES = ("open", "domains", "invite_only")
#: Where Mailgun takes mail, by EMAIL_REGION.
REGIONS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
#: What Django writes where nobody chose a sender.
NO_SENDER = "webmaster@localhost"

#: The keys of WORKFLOWS that hold a whole number: default, lowest, highest.
NUMBERS = {
    "RESET_CODE_TTL_MINUTES": (10, 1, 10),
    "REGISTER_CODE_TTL_MINUTES": (10, 1, 1440),
    "MAX_VERIFY_ATTEMPTS": (3, 1, 10),
    "CODE_LENGTH": (6, 6, 12),
    "INVITATION_TTL_DAYS": (7, 1, 30),
}
#: The same of ACCOUNTS. No mail is gone before its body, which stays for 30 days.
OUR_NUMBERS = {"MAIL_LOG_DAYS": (180, 30, 3650)}
#: The keys of WORKFLOWS that are known beside the numbers.
TEXTS = (
    "USER_META_MODEL",
    "COMPANY_NAME",
    "FORGOT_PASSWORD_URL",
    "EMAIL_FROM_NAME",
    "REGISTRATION_POLICY",
)
CODES_IN_LOGS = "LOG_VERIFICATION_CODES_IN_DEBUG"
SWITCHES = ("ENABLE_EMAIL_DELIVERY", CODES_IN_LOGS)
FUNCTIONS = ("EMAIL_TEMPLATE_RENDERER", "EMAIL_DELIVERY_OBSERVER")
LISTS = ("BCC_RECIPIENTS",)
KEYS = frozenset({*NUMBERS, *TEXTS, *SWITCHES, *FUNCTIONS, *LISTS})

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z", re.ASCII | re.IGNORECASE)
TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})


class DeliveryDiffers(ImproperlyConfigured):
    """ENABLE_EMAIL_DELIVERY differs between WORKFLOWS and the environment."""


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
    #: How long the row of a mail stays after its end.
    mail_log_life: timedelta
    attempts: int
    code_length: int
    provider: str
    delivery_enabled: bool
    development: bool
    email_from: str
    reply_to: tuple[str, ...]
    bcc: tuple[str, ...]
    region: str
    api_url: str
    domain: str
    logs_answers: bool
    operators_require_factor: bool
    #: Dotted names; empty where there is none.
    renderer: str
    observer: str
    api_key: str = field(repr=False)


def current() -> Conf:
    """Return the settings as they are now.

    Raises ImproperlyConfigured for a wrong type, an unknown word or a number out of
    bounds; nothing falls back silently.
    """
    flows = workflows()
    numbers = {key: _number(flows, key) for key in NUMBERS}
    texts = {key: _text(flows, key) for key in TEXTS}
    _check_meta_model(texts["USER_META_MODEL"])
    boolean(CODES_IN_LOGS, flows.get(CODES_IN_LOGS, False))
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
        mail_log_life=timedelta(days=_our_number("MAIL_LOG_DAYS")),
        attempts=numbers["MAX_VERIFY_ATTEMPTS"],
        code_length=numbers["CODE_LENGTH"],
        provider=_provider(),
        delivery_enabled=_delivery_enabled(flows),
        development=boolean("DEVELOPMENT_MODE", settings.DEVELOPMENT_MODE),
        email_from=_sender(),
        reply_to=_list("EMAIL_REPLY_TO", settings.EMAIL_REPLY_TO),
        bcc=_list(
            "BCC_RECIPIENTS", flows.get("BCC_RECIPIENTS", settings.BCC_RECIPIENTS)
        ),
        region=_region(),
        api_url=settings.EMAIL_API_URL or REGIONS[_region()],
        domain=_domain(),
        logs_answers=boolean(
            "EMAIL_LOG_RESPONSE_TEXT", settings.EMAIL_LOG_RESPONSE_TEXT
        ),
        operators_require_factor=operators_require_factor(),
        renderer=_function(flows, "EMAIL_TEMPLATE_RENDERER"),
        observer=_function(flows, "EMAIL_DELIVERY_OBSERVER"),
        api_key=_line("EMAIL_API_KEY", settings.EMAIL_API_KEY),
    )


def workflows() -> Mapping[str, Any]:
    """Return the seed's settings dictionary."""
    flows: Mapping[str, Any] = getattr(settings, "WORKFLOWS", {})
    return flows


def operators_require_factor() -> bool:
    """Tell whether operators need a second factor; read at each of their requests."""
    name = "OPERATORS_REQUIRE_MFA"
    return boolean(f"ACCOUNTS[{name!r}]", settings.ACCOUNTS.get(name, False))


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
    return _whole(f"WORKFLOWS[{key!r}]", value, low, high)


def _our_number(key: str) -> int:
    default, low, high = OUR_NUMBERS[key]
    ours: Mapping[str, Any] = getattr(settings, "ACCOUNTS", {})
    return _whole(f"ACCOUNTS[{key!r}]", ours.get(key, default), low, high)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name} must lie in {low} to {high}.")
    return value


def _text(flows: Mapping[str, Any], key: str) -> str:
    value = flows.get(key, "")
    if not isinstance(value, str):
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] must be a text.")
    if has_controls(value):
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] must be one line.")
    return value


def _word(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        words = ", ".join(word for word in known if word)
        raise ImproperlyConfigured(f"{name} is {value!r}; use one of: {words}.")
    return value


def _provider() -> str:
    word = str(settings.EMAIL_DELIVERY_PROVIDER).strip().lower()
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        raise ImproperlyConfigured("Use EMAIL_USE_TLS or EMAIL_USE_SSL, not both.")
    return _word("EMAIL_DELIVERY_PROVIDER", word, PROVIDERS)


def _region() -> str:
    word = str(settings.EMAIL_REGION).strip().lower() or "us"
    return _word("EMAIL_REGION", word, tuple(REGIONS))


def _domain() -> str:
    domain = _line("EMAIL_DOMAIN", settings.EMAIL_DOMAIN)
    if domain and not DOMAIN.match(domain):
        raise ImproperlyConfigured("EMAIL_DOMAIN must be a domain, as mg.example.com.")
    return domain


def _line(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ImproperlyConfigured(f"{name} must be one line of text.")
    return value.strip()


def _sender() -> str:
    """Return the sender; empty where only Django's own is left."""
    chosen = settings.EMAIL_FROM or settings.DEFAULT_FROM_EMAIL
    if not chosen or NO_SENDER in chosen:
        return ""
    senders = _list("EMAIL_FROM", [chosen])
    if len(senders) != 1:
        raise ImproperlyConfigured("EMAIL_FROM must be one address.")
    return senders[0]


def _list(name: str, value: object) -> tuple[str, ...]:
    """Return mail addresses, as a list or with commas; a wrong one is refused."""
    if isinstance(value, str):
        return _addresses(name, value)
    if not isinstance(value, list | tuple) or any(type(v) is not str for v in value):
        raise ImproperlyConfigured(f"{name} must be a list of mail addresses.")
    return tuple(one for text in value for one in _addresses(name, text))


# Read at each mail and page, and always the same.
@lru_cache(maxsize=64)
def _addresses(name: str, text: str) -> tuple[str, ...]:
    found, bad = recipients.read(text)
    if bad:
        raise ImproperlyConfigured(f"{name} holds {bad[0]!r}, which is no address.")
    return tuple(text for text, _ in found)


def _function(flows: Mapping[str, Any], key: str) -> str:
    """Return a dotted name of something that can be called."""
    name = flows.get(key)
    if name is None or name == "":
        return ""
    try:
        is_good = callable(import_string(name))
    except (ImportError, AttributeError, TypeError):
        is_good = False
    if not is_good:
        raise ImproperlyConfigured(f"WORKFLOWS[{key!r}] names no function: {name!r}.")
    return str(name)


def _delivery_enabled(flows: Mapping[str, Any]) -> bool:
    """Return the one switch; the dictionary and the environment must agree."""
    name = "ENABLE_EMAIL_DELIVERY"
    given = [
        v for v in (flows.get(name), settings.ENABLE_EMAIL_DELIVERY) if v is not None
    ]
    values = {boolean(name, value) for value in given}
    if len(values) > 1:
        raise DeliveryDiffers(f"{name} differs between WORKFLOWS and the environment.")
    return True in values


def _check_meta_model(value: str) -> None:
    if value and "." not in value:
        raise ImproperlyConfigured(
            "WORKFLOWS['USER_META_MODEL'] must be a dotted path like"
            " 'myapp.models.UserMeta'."
        )
