"""From a stranger's form to a workspace of their own.

    ask      the form: nothing is reserved, a code goes out by mail
    verify   the code: the address is proved, the slug reserved, the run begun
    progress what the one who holds the secret may see
    enter    the way in, once the workspace is there

Every valid form gets the same answer, whatever is known of the address.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string

from kernel import clock, codes
from tenants import (
    hosts,
    limits,
    lookup,
    orders,
    provisioning,
    signing,
    slugs,
    states,
)
from tenants.context import TenantInfo, use, use_control
from tenants.errors import (
    CodeExpired,
    CodeInvalid,
    CodeSpent,
    SignupNotReady,
    SignupUnknown,
)
from tenants.models import ProvisioningRun, ProvisioningStep, SignupRequest
from tenants.provisioning.steps import BY_NAME

logger = logging.getLogger(__name__)

CODE_LIVES: Final = timedelta(minutes=10)
ATTEMPTS: Final = 3
#: How long the way in stays open for the one who holds the secret.
ENTRY_LIVES: Final = timedelta(hours=24)
HOUR: Final = timedelta(hours=1)
PER_ADDRESS: Final = 5
PER_CLIENT: Final = 20
#: The answer to every valid form, by API and by page.
DETAIL: Final = "We have sent a code to this address. It is valid for ten minutes."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender of a form gets: the sign-up's id and the secret that opens it."""

    id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of the set-up in words, for the one who waits."""

    name: str
    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sign-up stands: waiting, choosing, running, undoing, failed or done."""

    state: str
    slug: str
    name: str
    email: str
    steps: list[StepShown] = field(default_factory=list)
    url: str = ""


# Ask


@use_control()
def ask(
    *, email: str, name: str, slug: str, client: str, locale: str = "en", trap: str = ""
) -> Asked:
    """Take a form and mail a code; raises Invalid or TooManySignups.

    A filled `trap`, a field that people do not see, gets the same answer and no mail.
    """
    email = orders.check_email(email)
    name = orders.check_name(name)
    slug = slugs.check(slug.strip().lower())
    locale = orders.check_locale(locale)
    limits.spend("signup.client", client, limit=PER_CLIENT, within=HOUR)
    limits.spend("signup.address", email, limit=PER_ADDRESS, within=HOUR)
    asked = Asked(uuid4(), codes.new_secret())
    if trap:
        logger.info("signup.trapped")
        return asked
    code, salt = codes.new_code(), codes.new_salt()
    with transaction.atomic():
        SignupRequest.objects.create(
            id=asked.id,
            email=email,
            name=name,
            slug=slug,
            locale=locale,
            secret_hash=kept(asked.secret),
            code_salt=salt,
            code_hash=codes.code_hash(code, salt=salt, binding=binding(asked.id)),
            attempts_left=ATTEMPTS,
            expires_at=clock.now() + CODE_LIVES,
            client_hash=limits.hashed("signup.client", client),
        )
        send(
            "tenants/signup_code",
            to=email,
            context={"name": name, "minutes": int(CODE_LIVES.total_seconds() // 60)},
            secret_context={"code": code},
            language=locale,
            expires_at=clock.now() + CODE_LIVES,
        )
    return asked


def binding(signup: UUID) -> str:
    """Return what a code is bound to: the control plane, this purpose, this row."""
    return signing.bound(f"tenants.signup:{signup}")


def kept(secret: str) -> bytes:
    """Return what the row keeps of a sign-up's secret."""
    return signing.digest(secret, salt="tenants.signup")


def send(template: str, **values: Any) -> None:
    """Put a mail into the public schema's outbox."""
    import_string(settings.TENANT_MAIL_SENDER)(template, **values)


# Verify


def signup_of(signup: UUID, secret: str) -> SignupRequest:
    """Return the row. Raises SignupUnknown where the secret is not its own."""
    row = SignupRequest.objects.select_related("run").filter(pk=signup).first()
    known = bytes(row.secret_hash) if row else bytes(32)
    if not codes.equal(known, kept(secret)) or row is None:
        raise SignupUnknown
    return row


@use_control()
def verify(signup: UUID, *, secret: str, code: str, slug: str = "") -> Progress:
    """Spend a try on the code; a right one reserves the slug and starts the set-up.

    Raises SlugTaken where the slug has gone: call again with another `slug`.
    A sign-up that is verified already goes on without looking at the code.
    """
    row = signup_of(signup, secret)
    if row.verified_at is None:
        prove(row, code)
    return choose(signup, secret=secret, slug=slug)


def prove(row: SignupRequest, code: str) -> None:
    """Compare a code; of many guesses at once, only those left are looked at."""
    now = clock.now()
    spent = SignupRequest.objects.filter(
        pk=row.pk, verified_at=None, attempts_left__gt=0, expires_at__gt=now
    ).update(attempts_left=F("attempts_left") - 1)
    if not spent:
        row.refresh_from_db()
        if row.verified_at is not None:
            return
        raise CodeExpired if row.expires_at <= now else CodeSpent
    given = codes.code_hash(code, salt=bytes(row.code_salt), binding=binding(row.pk))
    if not codes.equal(given, bytes(row.code_hash)):
        row.refresh_from_db(fields=["attempts_left"])
        if not row.attempts_left:
            raise CodeSpent
        raise CodeInvalid(extra={"attempts_left": row.attempts_left})
    SignupRequest.objects.filter(pk=row.pk).update(verified_at=now)


@use_control()
def choose(signup: UUID, *, secret: str, slug: str = "") -> Progress:
    """Reserve the slug of a verified sign-up, or another one, and start the set-up.

    A set-up that failed is begun anew; one that is under way is left alone.
    """
    row = signup_of(signup, secret)
    if row.verified_at is None:
        raise SignupNotReady("The code has to be entered first.")
    slug = slugs.check(slug.strip().lower()) if slug.strip() else ""
    start(row.pk, slug)
    return progress(signup, secret=secret)


def start(signup: UUID, slug: str) -> None:
    with transaction.atomic():
        row = SignupRequest.objects.select_for_update().get(pk=signup)
        if row.run is not None and row.run.state != ProvisioningRun.State.FAILED:
            return
        row.slug = slug or row.slug
        row.run = provisioning.begin(
            slug=row.slug,
            name=row.name,
            owner_email=row.email,
            locale=row.locale,
            by=f"signup:{row.pk}",
        )
        row.consumed_at = clock.now()
        row.save(update_fields=["slug", "run", "consumed_at"])


# See and enter


@use_control()
def progress(signup: UUID, *, secret: str) -> Progress:
    """Return where a sign-up stands."""
    row = signup_of(signup, secret)
    seen = partial(Progress, slug=row.slug, name=row.name, email=row.email)
    if row.verified_at is None:
        return seen("waiting")
    if row.run is None:
        return seen("choosing")
    tenant = tenant_of(row)
    return seen(
        SHOWN[ProvisioningRun.State(row.run.state)],
        steps=[shown(step) for step in row.run.steps.all()],
        url=hosts.absolute_url("/", tenant=tenant) if tenant else "",
    )


SHOWN: Final = {
    ProvisioningRun.State.RUNNING: "running",
    ProvisioningRun.State.COMPENSATING: "undoing",
    ProvisioningRun.State.FAILED: "failed",
    ProvisioningRun.State.DONE: "done",
}
#: A try that failed is followed by another, so the step is still at work.
STEP_SHOWN: Final = {
    ProvisioningStep.State.WAITING: "waiting",
    ProvisioningStep.State.RUNNING: "running",
    ProvisioningStep.State.FAILED: "running",
    ProvisioningStep.State.DONE: "done",
    ProvisioningStep.State.UNDONE: "failed",
}


def shown(step: ProvisioningStep) -> StepShown:
    state = STEP_SHOWN[ProvisioningStep.State(step.state)]
    return StepShown(step.name, str(BY_NAME[step.name].label), state)


def tenant_of(row: SignupRequest) -> TenantInfo | None:
    """Return the sign-up's tenant once it is open."""
    if row.run is None or row.run.state != ProvisioningRun.State.DONE:
        return None
    tenant = lookup.by_uuid(row.run.tenant_uuid)
    return tenant if tenant and states.is_served(tenant.state) else None


@use_control()
def enter(signup: UUID, *, secret: str) -> str:
    """Return the full address at which the owner sets a password and comes in.

    Raises SignupNotReady before the workspace is there and a day after.
    """
    row = signup_of(signup, secret)
    tenant = tenant_of(row)
    if tenant is None or row.consumed_at is None:
        raise SignupNotReady
    if row.consumed_at + ENTRY_LIVES < clock.now():
        return hosts.absolute_url(settings.LOGIN_URL, tenant=tenant)
    return entry_of(tenant)


def entry_of(tenant: TenantInfo) -> str:
    """Return the full address at which the first owner of a tenant comes in."""
    with use(tenant):
        path = import_string(settings.TENANT_OWNER_ENTRY)()
    return hosts.absolute_url(path, tenant=tenant)
