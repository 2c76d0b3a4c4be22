"""System checks of accounts: a dangerous setting is a message at start-up."""

import stat

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - its name there
from django.core.exceptions import ImproperlyConfigured

from accounts import conf
from accounts.mail import providers
from kernel import catalogues


def register() -> None:
    """Register the checks; called once, when the apps are ready."""
    checks.register(settings_are_valid, Tags.security)
    checks.register(delivery_has_a_sender, Tags.security)
    checks.register(workflow_keys_are_known, Tags.security)
    checks.register(secret_keys_are_there, Tags.security)
    checks.register(signing_keys_are_whole, Tags.security)
    checks.register(token_library_is_tamed, Tags.security)
    checks.register(registration_is_meant, Tags.security, deploy=True)
    checks.register(operators_need_a_factor, Tags.security, deploy=True)
    checks.register(catalogues_are_made, Tags.translation)
    checks.register(mailbox_is_for_development, Tags.security, deploy=True)


def settings_are_valid(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """E001: a value of WORKFLOWS or EMAIL_* cannot be used; E002: two differ."""
    try:
        conf.current()
    except conf.DeliveryDiffers as error:
        return [Error(str(error), id="accounts.E002")]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="accounts.E001")]
    return []


def delivery_has_a_sender(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """E003: mail would leave without a sender; E004: Mailgun lacks key or domain."""
    try:
        found = conf.current()
    except ImproperlyConfigured:
        return []
    messages: list[CheckMessage] = []
    provider = found.provider or ("mailgun" if found.delivery_enabled else "")
    if provider not in {"", "disabled"} and not found.email_from:
        messages.append(
            Error(
                "EMAIL_FROM is empty, so mails have no sender.",
                hint='Set EMAIL_FROM="Name <no-reply@example.com>".',
                id="accounts.E003",
            )
        )
    missing = providers.missing_of_mailgun(found)
    if provider == "mailgun" and missing:
        messages.append(
            Error(
                f"Mailgun would carry the mail, and {' and '.join(missing)}"
                f" {'is' if len(missing) == 1 else 'are'} empty.",
                hint="Set it, or choose EMAIL_DELIVERY_PROVIDER=smtp or disabled.",
                id="accounts.E004",
            )
        )
    return messages


def workflow_keys_are_known(
    app_configs: object,  # noqa: ARG001 - Django's signature
    **kwargs: object,  # noqa: ARG001 - Django's signature
) -> list[CheckMessage]:
    """W001, W003: a key that changes nothing here; W002: one that means nothing."""
    flows = conf.workflows()
    messages: list[CheckMessage] = [
        checks.Warning(f"WORKFLOWS[{key!r}] is not known.", id="accounts.W002")
        for key in sorted(set(flows) - conf.KEYS)
    ]
    if flows.get("USER_META_MODEL"):
        messages.append(
            checks.Warning(
                "WORKFLOWS['USER_META_MODEL'] is not used: what it held is kept in"
                " accounts.Challenge.",
                id="accounts.W001",
            )
        )
    if flows.get(conf.CODES_IN_LOGS):
        messages.append(
            checks.Warning(
                f"WORKFLOWS[{conf.CODES_IN_LOGS!r}] is not used: codes are in no log.",
                id="accounts.W003",
            )
        )
    return messages


def registration_is_meant(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """W004: everybody may register in every tenant that says nothing else."""
    try:
        policy = conf.current().registration_policy
    except ImproperlyConfigured:
        return []
    if policy != "open":
        return []
    return [
        checks.Warning(
            "WORKFLOWS['REGISTRATION_POLICY'] is open: everybody may register.",
            hint="Set it to domains or invite_only, or silence accounts.W004.",
            id="accounts.W004",
        )
    ]


def operators_need_a_factor(
    app_configs: object,  # noqa: ARG001 - Django's signature
    **kwargs: object,  # noqa: ARG001 - Django's signature
) -> list[CheckMessage]:
    """W005: whoever learns an operator's password runs the platform."""
    try:
        is_demanded = conf.operators_require_factor()
    except ImproperlyConfigured:
        return []
    if is_demanded:
        return []
    return [
        checks.Warning(
            "OPERATORS_REQUIRE_MFA is off: operators sign in with a password alone.",
            hint="Leave it on; or silence accounts.W005.",
            id="accounts.W005",
        )
    ]


def secret_keys_are_there(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """E005: without a key no secret of a mail can be encrypted."""
    if any(settings.ACCOUNTS_SECRET_KEYS) and settings.CODE_PEPPER:
        return []
    return [
        Error("ACCOUNTS_SECRET_KEYS and CODE_PEPPER must be set.", id="accounts.E005")
    ]


def signing_keys_are_whole(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """E010: half a key pair is set; E011: the private key can be read by others."""
    from accounts import keys

    private, public = keys.from_settings()
    if bool(private) != bool(public):
        return [
            Error(
                "JWT_PRIVATE_KEY and JWT_PUBLIC_KEY belong together; one is missing.",
                id="accounts.E010",
            )
        ]
    path = keys.private_path()
    if not private and path.exists() and _readable_by_others(path.stat().st_mode):
        return [
            Error(
                f"{path} can be read by others.",
                hint=f"chmod 600 {path}",
                id="accounts.E011",
            )
        ]
    return []


def _readable_by_others(mode: int) -> bool:
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def token_library_is_tamed(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """E012: the token library would use its own keys or believe tokens blindly."""
    chosen = getattr(settings, "NINJA_SIMPLE_JWT", {})
    wanted = "accounts.keys.key_storage"
    if (
        chosen.get("USE_STATELESS_AUTH") is False
        and chosen.get("JWT_PRIVATE_KEY_STORAGE") == wanted
        and chosen.get("JWT_PUBLIC_KEY_STORAGE") == wanted
    ):
        return []
    return [
        Error(
            "NINJA_SIMPLE_JWT must switch USE_STATELESS_AUTH off and name"
            f" {wanted} as the storage of both keys.",
            id="accounts.E012",
        )
    ]


def catalogues_are_made(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """W010: mails would be in English, whatever the language of their readers."""
    old = [source.parents[1].name for source in catalogues.stale()]
    if not old:
        return []
    return [
        Warning(
            f"The words of mails are not made for: {', '.join(old)}.",
            hint="python -m kernel.catalogues",
            id="accounts.W010",
        )
    ]


def mailbox_is_for_development(
    app_configs: object,  # noqa: ARG001 - Django's signature
    **kwargs: object,  # noqa: ARG001 - Django's signature
) -> list[CheckMessage]:
    """E020: the development mailbox would show everybody's mail."""
    if settings.DEBUG or settings.DEVELOPMENT_MODE:
        return [
            Error(
                "DEBUG and DEVELOPMENT_MODE must be off in a deployment.",
                id="accounts.E020",
            )
        ]
    return []
