"""This product, as the isolation kit sees it; a fork adds its entries here."""

from functools import cache

from django.apps import apps
from django.db.models import Model

from accounts import service_accounts
from accounts.models import RefreshSession
from tenants.context import TenantInfo, use, use_control
from tenants.testing.doors import Door, Site
from tenants.testing.plan import Plan, opened
from tests import twins
from tests.isolation.credentials import KINDS, NEW_PASSWORD, PUBLIC, signed_in
from tests.isolation.known import INVENTORY
from tests.isolation.story import tell

#: Whatever a route may ask for in its path; a new name fails the walk.
IN_PATHS = {
    "process_id": 1,
    "item_id": 1,
    "instance_id": 1,
    "incident_id": 1,
    "leave_id": 1,
    "mail_id": 1,
    "invitation_id": 1,
    "user_id": 1,
    "content_type_id": 1,
    "app_label": "accounts",
    "model": "user",
    "name": "nowhere",
    "url": "nowhere",
    "signed": "nowhere",
    "digest": "0" * 32,
    "mail": "reset_code",
    "variant": "light",
    "device_id": 1,
    "signup_id": "00000000-0000-0000-0000-000000000000",
}
#: Columns without a marker, each with the reason.
KEPT = {
    "*.tenant_id": "says whose row it is",
    "accounts.User.password": "the hash, equal in both twins",
    "accounts.User.username": "the name, equal in both twins",
    "accounts.User.email": "an address, with the tenant's own domain",
    "*.time_zone": "a name that the program looks up",
    "accounts.ApiToken.prefix": "finds the row, equal in both twins",
    "accounts.ApiToken.scopes": "words of the program",
    "accounts.MailMessage.template": "a name that the program looks up",
    "accounts.MailMessage.provider": "a word of the program",
    "accounts.SecurityEvent.name": "a word of the program",
    "accounts.Invitation.email": "an address, as somebody typed it",
    "admin.LogEntry.object_id": "a key, equal in both twins",
    "auth.Permission.name": "seeded, equal in all tenants",
    "sessions.Session.session_data": "signed: holds no words",
    "workflow.Process.*": "sealed by content_hash, equal in both twins",
    "workflow.Activity.*": "sealed by the process's content_hash",
    "workflow.Transition.*": "sealed by the process's content_hash",
    "workflow.ProcessInstance.marking": "where the tokens are",
    "workflow.ProcessInstance.condition": "an outcome that the engine reads",
    "workflow.ProcessInstance.object_id": "a key, equal in both twins",
    "workflow.WorkItem.condition": "an outcome that the engine reads",
    "workflow.AuditEvent.action": "a word of the program",
    "workflow.AuditEvent.hash": "seals the event",
    "workflow.AuditEvent.prev_hash": "seals the chain",
    "workflow.AuditHead.hash": "seals the chain",
    "workflow.ProcessInstance.audit_head": "seals the chain",
    "workflow.ProcessInstance.idempotency_key": "asked for by nobody here",
    "workflow.IdempotencyKey.body_hash": "a hash of what was sent",
}
SIGNS_IN = "anybody may try to sign in"
ANY_MAILBOX = "the answer is the same for every address"
COUNTS = "accounts_limitcounter accounts_securityevent"
MAILS = f"{COUNTS} accounts_challenge accounts_mailmessage"
SESSION = "django_session"

OPEN = {
    # Operations of a tenant
    "POST /api/auth/web/sign-in": opened(401, reason=SIGNS_IN, writes=COUNTS),
    "POST /api/auth/mobile/sign-in": opened(401, reason=SIGNS_IN, writes=COUNTS),
    "POST /api/auth/web/mfa": opened(
        401, reason="a ticket of another tenant is none", writes=COUNTS
    ),
    "POST /api/auth/mobile/mfa": opened(
        401, reason="a ticket of another tenant is none", writes=COUNTS
    ),
    "POST /api/auth/web/token-refresh": opened(
        401, reason="the cookie is looked for in this tenant", writes=COUNTS
    ),
    "POST /api/auth/mobile/token-refresh": opened(
        401, reason="the token is looked for in this tenant", writes=COUNTS
    ),
    "POST /api/auth/web/sign-out": opened(204, reason="ends nothing, says nothing"),
    "POST /api/auth/mobile/sign-out": opened(204, reason="ends nothing, says nothing"),
    "POST /api/accounts/register": opened(
        201, reason=ANY_MAILBOX, writes=f"{MAILS} accounts_user"
    ),
    "POST /api/accounts/resend": opened(200, reason=ANY_MAILBOX, writes=MAILS),
    "POST /api/accounts/forgot-password": opened(200, reason=ANY_MAILBOX, writes=MAILS),
    "POST /api/accounts/verify-code": opened(
        202,
        400,
        reason="a code of no flow of this tenant is wrong, and spends its own tries",
        writes=f"{COUNTS} accounts_challenge",
    ),
    "POST /api/accounts/change-password": opened(
        400, reason="a ticket of another tenant is none", writes=COUNTS
    ),
    "POST /api/accounts/invitations/accept": opened(
        400, reason="the link of another tenant opens nothing", writes=COUNTS
    ),
    # Pages of a tenant
    "/accounts/invitation": opened(
        200, 400, reason="a form; its secret is checked", writes=COUNTS
    ),
    "/accounts/forgot": opened(
        200, 302, 422, reason=ANY_MAILBOX, writes=f"{MAILS} {SESSION}"
    ),
    "/accounts/new-password": opened(200, 302, 422, reason="a form without a ticket"),
    "/accounts/register": opened(
        200, 302, 422, reason=ANY_MAILBOX, writes=f"{MAILS} {SESSION}"
    ),
    "/accounts/set-password": opened(200, 422, reason="a form; its secret is checked"),
    # It counts the failures of the account that is named, whoever names it.
    "/accounts/sign-in": opened(
        200, 422, reason=SIGNS_IN, writes=f"{COUNTS} accounts_user"
    ),
    "/accounts/sign-in/second-factor": opened(
        *(200, 302, 422),
        reason="a form; the ticket is looked for in this tenant",
        writes=f"{COUNTS} {SESSION}",
    ),
    "/branding.css": opened(200, reason="the tenant's colours"),
    "/api/openapi.json": opened(200, reason="the same document for all tenants"),
    "/api/docs": opened(200, reason="the same page for all tenants"),
    # The public site: each operation takes the secret of one sign-up only
    "public POST /api/signup": opened(202, 422, reason="anybody may ask"),
    "public POST /api/signup/{signup_id}/verify": opened(404, reason="wrong secret"),
    "public GET /api/signup/{signup_id}": opened(404, reason="wrong secret"),
    "public POST /api/signup/{signup_id}/enter": opened(404, reason="wrong secret"),
    "public /": opened(200, reason="the landing page"),
    "public /accounts/sign-in": opened(200, 422, reason=SIGNS_IN, writes=COUNTS),
    "public /accounts/sign-in/second-factor": opened(
        *(200, 302, 422),
        reason="a form; the ticket is looked for among the operators",
        writes=f"{COUNTS} {SESSION}",
    ),
    "public /accounts/forgot": opened(
        200, 302, 422, reason=ANY_MAILBOX, writes=f"{MAILS} {SESSION}"
    ),
    "public /accounts/new-password": opened(
        200, 302, 422, reason="a form without a ticket"
    ),
    "public /api/openapi.json": opened(200, reason="the document of the public site"),
    "public /api/docs": opened(200, reason="the page of the public API"),
    "public /find/": opened(
        200, 422, reason=ANY_MAILBOX, writes="tenants_ratecounter accounts_mailmessage"
    ),
    "public /health/": opened(200, reason="says that the database answers"),
    "public /health/worker/": opened(200, 503, reason="development only"),
    "public /signup/": opened(200, 302, 422, reason="anybody may ask", writes=MAILS),
    "public /signup/note/": opened(200, 405, reason="what an address may be"),
    "public /signup/suggestion/": opened(200, 405, reason="an address for a name"),
    "public /signup/verify/": opened(200, 302, 422, reason="a form without a sign-up"),
}


def pair() -> tuple[TenantInfo, TenantInfo]:
    return twins.info("acme"), twins.info("globex")


def in_path(name: str, door: Door) -> object:
    """Return what a path asks for: in an admin the key of a row that is there."""
    if name == "object_id":
        _, _, app, model, *_ = door.path.split("/")
        return key_of(door.site, app, model)
    if name == "token_id":
        return key_of(door.site, "accounts", "apitoken")
    if name == "account_id":
        return service_account()
    if name == "session_id":
        return device()
    return IN_PATHS[name]


def service_account() -> object:
    """Return the key of a service account, equal in both twins."""
    with use(twins.info("globex")):
        made = service_accounts.made_by_people().order_by("pk")
        return made.values_list("pk", flat=True).first() or 1


def device() -> object:
    """Return the key of a device of the admin's, equal in both twins."""
    with use(twins.info("globex")):
        found = RefreshSession.objects.filter(user__username="admin")
        return found.order_by("created_at").values_list("pk", flat=True).first()


@cache
def model_of(app: str, model: str) -> type[Model]:
    return apps.get_model(app, model)


def key_of(site: str, app: str, model: str) -> object:
    """Return the first key of a table, equal in both twins."""
    rows = model_of(app, model)._default_manager
    place = use(twins.info("globex")) if site == "tenant" else use_control()
    with place:
        return rows.order_by("pk").values_list("pk", flat=True).first() or 1


PLAN = Plan(
    pair=pair,
    tell=tell,
    kept=KEPT,
    sites=(Site("tenant", "config.urls"), Site("public", "config.public_urls")),
    public_host=PUBLIC,
    in_path=in_path,
    entrances=(r"/accounts/", r"/admin/login/\?next=", r"/admin/\Z"),
    sign_in=lambda visit, host: signed_in("admin", visit(host)).cookies,
    open_doors=OPEN,
    kinds=KINDS,
    inventory=INVENTORY,
    celery_app="config.celery.app",
    filling={
        "username": "nobody",
        "email": "nobody@example.test",
        "password": NEW_PASSWORD,
        "passwordVerify": NEW_PASSWORD,
        "password_verify": NEW_PASSWORD,
        "website": "",
        "company": "",
    },
    written_in="tests/isolation/plan.py",
)
