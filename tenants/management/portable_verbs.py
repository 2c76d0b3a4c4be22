"""The operator's verbs that move tenants.

`manage.py tenant export|import|swap|clone|archive|purge`
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kernel import clock
from kernel.errors import ApplicationError
from tenants.errors import MoveRefused
from tenants.life import calling_off
from tenants.management.arguments import may_be_tried, span, span_words
from tenants.management.bars import bar
from tenants.management.ends import REFUSED, WRONG_USAGE, fail
from tenants.management.finding import find, url_of
from tenants.management.verbs import Verbs, actor, exit_code, iso
from tenants.models import ProvisioningRun, Tenant
from tenants.portability import archiving, purging, signature, swapping
from tenants.portability.cloning import clone
from tenants.portability.export import Exported, Taking, export, require_schema
from tenants.portability.importing import run, told
from tenants.portability.manifest import SUFFIX
from tenants.portability.orders import Wish, decided, require_free
from tenants.portability.writing import require_free as require_free_file
from tenants.slugs import check as check_slug
from tenants.states import MOVES, State
from tenants.watching import sizes

TENANT: Final[dict[str, Any]] = {"metavar": "TENANT", "help": "A slug, uuid or domain."}


class PortableVerbs(Verbs):
    """What a command needs for the verbs that move tenants."""

    confirm: Callable[[str, Mapping[str, Any]], None]
    print_facts: Callable[[Mapping[str, Any]], None]

    def add_portable_verbs(self, verbs: Any) -> None:
        """Declare them."""
        one = self.verb(verbs, "export", "Write a tenant to a file.")
        one.add_argument("tenant", **TENANT)
        one.add_argument("--output", type=Path, metavar="FILE")
        one.add_argument("--no-files", action="store_true", help="Rows only.")
        one.add_argument(
            "--sign", type=Path, metavar="KEY", help="A private Ed25519 key, PEM."
        )

        one = self.verb(verbs, "import", "Make a tenant of a file.")
        one.add_argument("file", type=Path, metavar="FILE")
        where = one.add_mutually_exclusive_group()
        where.add_argument("--as", dest="slug", metavar="SLUG")
        where.add_argument(
            "--beside", metavar="TENANT", help="As a shadow of the live tenant."
        )
        one.add_argument(
            "--keep-credentials",
            action="store_true",
            help="To move a tenant: passwords, tokens and the uuid stay.",
        )
        may_be_tried(one)

        one = self.verb(verbs, "swap", "Exchange the data of a tenant and its shadow.")
        one.add_argument("tenant", **TENANT)
        one.add_argument("--with", dest="shadow", required=True, metavar="SHADOW")
        may_be_tried(one)

        one = self.verb(verbs, "clone", "Copy a tenant, without its credentials.")
        one.add_argument("tenant", **TENANT)
        one.add_argument("slug", metavar="NEW_SLUG")
        one.add_argument("--anonymise", action="store_true", help="Let it name nobody.")
        one.add_argument("--no-files", action="store_true", help="Rows only.")
        may_be_tried(one)

        one = self.verb(verbs, "archive", "Export a tenant and drop its data.")
        one.add_argument("tenant", **TENANT)
        one.add_argument("--output", type=Path, required=True, metavar="FILE")
        one.add_argument("--sign", type=Path, metavar="KEY")
        may_be_tried(one)

        one = self.verb(verbs, "purge", "Delete a tenant, after a grace or now.")
        one.add_argument("tenant", **TENANT)
        when = one.add_mutually_exclusive_group()
        when.add_argument("--now", action="store_true")
        when.add_argument("--grace", type=span, default=purging.GRACE, metavar="30d")
        one.add_argument("--confirm", default="", metavar="SLUG")
        one.add_argument("--reason", default="", metavar="TEXT")
        may_be_tried(one)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb; a refusal of an archive has its code beside its words."""
        try:
            super().handle(*args, **options)
        except Coded as error:
            if options.get("as_json"):
                self.print_json({"error": error.code, "detail": error.detail})
            fail(f"{error.detail} ({error.code})", error.returncode)

    # Verbs

    def do_export(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        output = options["output"] or default_output(tenant)
        with coded(), bar(f"Exporting {tenant}", options) as said:
            done = export(
                tenant,
                output=output,
                by=actor(options),
                taking=Taking(with_files=not options["no_files"]),
                key=key_of(options),
                said=said,
            )
        self.tell(exported_facts(done), options)

    def do_import(self, options: Mapping[str, Any]) -> None:
        if "" in {options["beside"], options["slug"]}:
            # A variable that was never set would make another import of it.
            fail("--as and --beside need a name.", WRONG_USAGE)
        beside = find(options["beside"]) if options["beside"] else None
        if beside and options["keep_credentials"]:
            fail(
                "--keep-credentials moves a tenant; a shadow has them anyway.",
                WRONG_USAGE,
            )
        wish = Wish(options["slug"] or "", beside, options["keep_credentials"])
        with coded(), bar("Reading", options) as said:
            order, manifest = decided(
                options["file"], wish, by=actor(options), said=said
            )
        facts = {
            "slug": order.slug,
            "uuid": order.uuid,
            "from": str(manifest.tenant.uuid),
            "keeps": order.keep,
            "rows": manifest.rows,
            "files": len(manifest.files),
        }
        if options["dry_run"]:
            # Another uuid is made up each time.
            uuid = order.uuid if options["keep_credentials"] else None
            self.tell({**facts, "uuid": uuid, "dry_run": True}, options)
            return
        self.say_progress(f"Importing {order.slug} ...")
        with coded():
            ended = run(order)
        self.tell({**facts, **told(ended), **made_by(ended)}, options)

    def do_swap(self, options: Mapping[str, Any]) -> None:
        live, shadow = find(options["tenant"]), find(options["shadow"])
        with coded():
            swapping.require_swappable(live, shadow)
        facts = {"live": live.slug, "shadow": shadow.slug}
        if options["dry_run"]:
            self.tell({**facts, "dry_run": True}, options)
            return
        self.confirm(
            f"Give {live} the data of {shadow}, and end all sessions?", options
        )
        with coded():
            done = swapping.swap(live, shadow, by=actor(options))
        self.tell({**facts, "generation": done.live.generation}, options)

    def do_clone(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        facts = {"slug": options["slug"], "of": tenant.slug}
        with coded():
            require_schema(tenant.info())
            require_free(check_slug(options["slug"]), tenant.uuid)
        if options["dry_run"]:
            self.tell({**facts, "dry_run": True}, options)
            return
        with coded(), bar(f"Copying {tenant}", options) as said:
            ended = clone(
                tenant,
                options["slug"],
                by=actor(options),
                anonymised=options["anonymise"],
                with_files=not options["no_files"],
                said=said,
            )
        self.tell({**facts, **told(ended), **made_by(ended)}, options)

    def do_archive(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        with coded():
            archiving.require_movable(tenant)
            require_free_file(options["output"])
        key = key_of(options)
        if options["dry_run"]:
            self.tell({**would_go(tenant), "dry_run": True}, options)
            return
        self.confirm(f"Export {tenant} and drop its data?", options)
        with coded(), bar(f"Archiving {tenant}", options) as said:
            done = archiving.archive(
                tenant,
                output=options["output"],
                by=actor(options),
                key=key,
                said=said,
            )
        state = {"slug": tenant.slug, "state": done.tenant.state}
        self.tell({**state, **exported_facts(done.exported)}, options)

    def do_purge(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        if tenant.state == State.PURGED:
            self.tell(dict(tenant.certificate or {}), options, always_json=True)
            return
        if options["now"] and options["confirm"] != tenant.slug:
            fail(f"This deletes all data: add --confirm {tenant.slug}.", REFUSED)
        reason = options["reason"].strip() or "Asked for by an operator."
        with coded():
            require_purgeable(tenant, now=options["now"])
        if options["dry_run"]:
            after = None if options["now"] else clock.now() + options["grace"]
            facts = {**would_go(tenant), "purge_after": iso(after)}
            self.tell({**facts, "dry_run": True}, options)
            return
        if options["now"]:
            with coded():
                done = purging.purge(tenant, by=actor(options), reason=reason)
            self.tell(done, options, always_json=True)
            return
        grace = span_words(options["grace"])
        self.confirm(f"Close {tenant} now, and delete it in {grace}?", options)
        with coded():
            closed = purging.ask(
                tenant, by=actor(options), reason=reason, grace=options["grace"]
            )
        facts = {
            "slug": closed.slug,
            "uuid": str(closed.uuid),
            "before": tenant.state,
            "state": closed.state,
            "purge_after": iso(closed.purge_after),
            # To a shadow leads no link; `resume` calls this off as well.
            "cancel_link": None
            if closed.shadow_of_id
            else calling_off.cancel_link(closed),
        }
        self.tell(facts, options)

    def bring_back(self, options: Mapping[str, Any]) -> None:
        """Import an archived tenant again, for `resume`.

        With --dry-run its file is read to the end, and no more.
        """
        tenant = find(options["tenant"])
        self.confirm(f"Import {tenant} again?", options)
        act = archiving.ordered_back if options["dry_run"] else archiving.bring_back
        with coded(), bar(f"Reading {tenant}", options) as said:
            act(tenant, by=actor(options), said=said)
        back = find(str(tenant.uuid))
        facts = {
            "slug": back.slug,
            "uuid": str(back.uuid),
            "before": State.ARCHIVED.value,
            "state": State.ACTIVE.value if options["dry_run"] else back.state,
            "reason": back.state_reason,
            "dry_run": options["dry_run"],
        }
        self.tell(facts, options)

    # Output

    def tell(
        self,
        facts: Mapping[str, Any],
        options: Mapping[str, Any],
        *,
        always_json: bool = False,
    ) -> None:
        if options["as_json"] or always_json:
            self.print_json(facts)
        else:
            self.print_facts(facts)


class Coded(Exception):
    """A refusal on its way to the line that tells it."""

    def __init__(self, error: ApplicationError) -> None:
        super().__init__(error.detail)
        self.code, self.detail = error.code, error.detail
        self.returncode = exit_code(error)


class coded:  # noqa: N801 - a block
    """Let a refusal in the block be told with its code."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ApplicationError):
            raise Coded(error) from error


def default_output(tenant: Tenant) -> Path:
    return Path(f"{tenant.slug}-{clock.now():%Y%m%dT%H%M%SZ}{SUFFIX}")


def key_of(options: Mapping[str, Any]) -> Any:
    with coded():
        return signature.private_key(options["sign"]) if options["sign"] else None


def exported_facts(done: Exported) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "rows": done.manifest.rows,
        "files": len(done.manifest.files),
        "unreferenced": len(done.manifest.unreferenced),
        "bytes": done.bytes,
        "sha256": done.sha256,
    }


def would_go(tenant: Tenant) -> dict[str, Any]:
    """Return what of a tenant would be dropped, for --dry-run."""
    size = sizes.of(tenant.info())
    return {
        "slug": tenant.slug,
        "state": tenant.state,
        "table_bytes": size.table_bytes,
        "files": size.files,
        "file_bytes": size.file_bytes,
    }


def made_by(ended: ProvisioningRun) -> dict[str, Any]:
    """Return what is told of the tenant that a run has made."""
    tenant = find(str(ended.tenant_uuid))
    info = tenant.info()
    return {"uuid": str(tenant.uuid), "state": tenant.state, "url": url_of(info)}


def require_purgeable(tenant: Tenant, *, now: bool) -> None:
    """Raise MoveRefused where the tenant's state allows no purge."""
    state = State(tenant.state)
    gone = now and state in {State.DELETING, State.FAILED}
    if not gone and State.DELETING not in MOVES[state]:
        raise MoveRefused(f"{tenant} is {state.value}, so this is refused.")
