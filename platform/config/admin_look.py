"""What the two admin sites show around their tables: names, colours, the way about.

Each function is named in `config.settings.admin` and gets the request.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as __

from accounts import branding
from accounts.models import MailMessage
from tenants.context import in_control
from tenants.models import ProvisioningRun, Tenant
from tenants.states import State
from workflow.models import ProcessInstance, WorkItem


@dataclass(frozen=True)
class Table:
    """One table in the sidebar and on the first page."""

    model: str
    title: Promise
    icon: str
    hint: Promise


@dataclass(frozen=True)
class Group:
    title: Promise
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Figure:
    """One number of the first page, and the rows that it counts."""

    title: str
    rows: QuerySet[Any]
    query: str

    @property
    def count(self) -> int:
        return self.rows.count()

    @property
    def url(self) -> str:
        return f"{_list_of(_label(self.rows.model))}?{self.query}"


DEVICES = Table(
    "accounts.refreshsession",
    __("Signed-in devices"),
    "devices",
    __("Apps and browsers that hold a refresh token"),
)
SECURITY_EVENTS = Table(
    "accounts.securityevent",
    __("Security events"),
    "shield",
    __("Sign-ins, new passwords, ended devices"),
)
TENANT_GROUPS = (
    Group(
        __("Work"),
        (
            Table(
                "leave.leaverequest",
                __("Leave requests"),
                "beach_access",
                __("Who asked for which days, and what became of it"),
            ),
            Table(
                "workflow.processinstance",
                __("Process instances"),
                "conversion_path",
                __("Every request that runs or has run"),
            ),
            Table(
                "workflow.workitem",
                __("Work items"),
                "inbox",
                __("Who has which piece of work"),
            ),
            Table(
                "workflow.auditevent",
                __("Audit events"),
                "history",
                __("Who did what and when; nobody can change it"),
            ),
        ),
    ),
    Group(
        __("People"),
        (
            Table(
                "accounts.user",
                __("People"),
                "person",
                __("Names, addresses and roles"),
            ),
            Table(
                "auth.group",
                __("Groups"),
                "group",
                __("Who may take which work"),
            ),
            DEVICES,
            SECURITY_EVENTS,
        ),
    ),
    Group(
        __("Settings"),
        (
            Table(
                "accounts.tenantbranding",
                __("Branding"),
                "palette",
                __("Name, colour and sender of pages and mails"),
            ),
            Table(
                "accounts.mailmessage",
                __("Mails"),
                "mail",
                __("What was sent to whom, and what failed"),
            ),
        ),
    ),
    Group(
        __("Processes"),
        (
            Table(
                "workflow.process",
                __("Processes"),
                "account_tree",
                __("The published versions; switch one off and on"),
            ),
            Table(
                "workflow.timer",
                __("Timers"),
                "timer",
                __("Timeouts and automatic steps that are due"),
            ),
            Table(
                "workflow.application",
                __("Applications"),
                "web_asset",
                __("The pages that people use for their work"),
            ),
            Table(
                "workflow.pushapplication",
                __("Push applications"),
                "assignment_ind",
                __("The rules that choose a person"),
            ),
        ),
    ),
)
OPERATOR_GROUPS = (
    Group(
        __("Fleet"),
        (
            Table(
                "tenants.tenant",
                __("Tenants"),
                "domain",
                __("Every customer and its state; suspend and resume"),
            ),
            Table(
                "tenants.domain",
                __("Domains"),
                "language",
                __("The host names that lead to tenants"),
            ),
            Table(
                "tenants.plan",
                __("Plans"),
                "sell",
                __("What tenants may use, and how fast"),
            ),
            Table(
                "tenants.provisioningrun",
                __("Provisioning runs"),
                "rocket_launch",
                __("How each tenant was set up, step by step"),
            ),
            Table(
                "tenants.deadletter",
                __("Refused tasks"),
                "unsubscribe",
                __("Background work that waits for a stopped tenant, or found none"),
            ),
            Table(
                "tenants.operatorevent",
                __("Operator events"),
                "history",
                __("Who did what to which tenant"),
            ),
        ),
    ),
    Group(
        __("Operators"),
        (
            Table(
                "accounts.user",
                __("Operators"),
                "person",
                __("Who may sign in here"),
            ),
            DEVICES,
            SECURITY_EVENTS,
            Table(
                "accounts.mailmessage",
                __("Mails"),
                "mail",
                __("Sign-up codes and lists of workspaces"),
            ),
        ),
    ),
)


# Names and files


def kind(request: HttpRequest | None = None) -> str:  # noqa: ARG001 - unfold's signature
    """Return what this site is."""
    return _("Operator console") if in_control() else _("Administration")


def owner(request: HttpRequest) -> str:  # noqa: ARG001 - as above
    """Return whose site this is: the tenant's name, or the product's."""
    return branding.current().name


def title(request: HttpRequest) -> str:
    """Return the end of each page's title."""
    return f"{kind(request)} · {owner(request)}"


def label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001 - as above
    """Return the words that stand in the header of each operators' page."""
    return [_("Operator console"), "warning"] if in_control() else None


def favicon(request: HttpRequest) -> str:  # noqa: ARG001 - as above
    return static("tenantry/icon.svg")


def styles(request: HttpRequest) -> str:  # noqa: ARG001 - as above
    return static("config/admin.css")


def brand_styles(request: HttpRequest) -> str:  # noqa: ARG001 - as above
    """Return the style sheet with the accent: the tenant's, or the operators'."""
    if in_control():
        return static("config/operators.css")
    return f"/branding.css?v={branding.current().version}"


def script(request: HttpRequest) -> str:  # noqa: ARG001 - as above
    return static("config/admin-theme.js")


# The way about


def groups() -> tuple[Group, ...]:
    return OPERATOR_GROUPS if in_control() else TENANT_GROUPS


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: the ways out, then the tables by subject."""
    first = [_entry(request, _("Overview"), "home", reverse("admin:index"))]
    if in_control():
        first.append(_entry(request, _("Your account"), "person", "/accounts/"))
    else:
        first.append(_entry(request, _("Back to the workspace"), "arrow_back", "/"))
    return [
        {"items": first},
        *(
            {
                "title": group.title,
                "items": [
                    _entry(request, table.title, table.icon, _list_of(table.model))
                    for table in group.tables
                ],
            }
            for group in groups()
        ),
    ]


def _entry(
    request: HttpRequest, words: str | Promise, icon: str, link: str
) -> dict[str, Any]:
    is_page = link in {"/", reverse("admin:index")}
    here = request.path == link if is_page else request.path.startswith(link)
    return {"title": words, "icon": icon, "link": link, "active": here}


def index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Add what the first page shows: four numbers, and the tables by subject."""
    figures = _fleet() if in_control() else _work()
    shelves = [
        {
            "title": group.title,
            "tables": [(table, _list_of(table.model)) for table in group.tables],
        }
        for group in groups()
    ]
    return {**context, "title": _("Overview"), "figures": figures, "shelves": shelves}


def _work() -> list[Figure]:
    items, running = WorkItem.Status, ProcessInstance.Status.RUNNING
    return [
        Figure(
            _("Running instances"),
            ProcessInstance.objects.filter(status=running),
            f"status__exact={running}",
        ),
        Figure(
            _("Work items to do"),
            WorkItem.objects.filter(status=items.INACTIVE),
            f"status__exact={items.INACTIVE}",
        ),
        Figure(
            _("Work items that need help"),
            WorkItem.objects.filter(status=items.FALLOUT),
            f"status__exact={items.FALLOUT}",
        ),
        _failed_mails(),
    ]


def _fleet() -> list[Figure]:
    def tenants(words: str, state: str) -> Figure:
        rows = Tenant.objects.filter(state=state)
        return Figure(words, rows, f"state__exact={state}")

    failed = ProvisioningRun.State.FAILED
    return [
        tenants(_("Active tenants"), State.ACTIVE),
        tenants(_("Suspended tenants"), State.SUSPENDED),
        Figure(
            _("Failed provisioning runs"),
            ProvisioningRun.objects.filter(state=failed),
            f"state__exact={failed}",
        ),
        _failed_mails(),
    ]


def _failed_mails() -> Figure:
    failed = MailMessage.State.FAILED
    rows = MailMessage.objects.filter(state=failed)
    return Figure(_("Mails that failed"), rows, f"state__exact={failed}")


def _label(model: type[Model]) -> str:
    return model._meta.label_lower  # noqa: SLF001 - Django's public name


def _list_of(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")
