"""PRT-9 and L23: a purge leaves a certificate, and nothing that leads to the tenant."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from kernel import clock
from kernel.errors import ApplicationError
from tenants import directory, domains, roles
from tenants.context import use, use_control
from tenants.domains import Stage, records
from tenants.errors import MoveRefused, SlugTaken
from tenants.life import going_on, slug_holds
from tenants.models import (
    DeadLetter,
    Domain,
    OperatorEvent,
    ProvisioningRun,
    SlugHold,
    Survey,
    Tenant,
    WakeUp,
)
from tenants.portability import purge_steps, purging
from tenants.provisioning import provision, resume_due
from tenants.provisioning.steps import Step
from tenants.scheduling import upkeep
from tenants.states import State, change_state
from tenants.watching import surveying
from tests import databases
from tests.tenants.portability.conftest import LOGO, into, out, tenant

SLUG = "umbra"


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def umbra(world):
    made = provision(slug=SLUG, name="Umbra", owner_email="o@umbra.test", by="tests")
    with use(made):
        default_storage.save(LOGO, ContentFile(b"umbra's"))
    with use_control():
        Domain.objects.create(
            domain="umbra.example",
            tenant=made,
            kind="custom",
            is_primary=False,
            verification_token="t",
            verified_at=clock.now(),
        )
        Domain.objects.create(
            domain="claimed.example",
            tenant=made,
            kind="custom",
            is_primary=False,
            verification_token="u",
        )
        made.own_quotas.create(resource="seats", limit=5, hard=True)
        made.own_features.create(code="beta", value=True)
        surveying.survey()
        assert Survey.objects.filter(tenant=made).exists()
        DeadLetter.objects.create(
            task_id=f"letter-{made.pk}",
            task="leave.remind",
            tenant=made.uuid,
            reason=DeadLetter.Reason.STOPPED,
            message="{}",
        )
    yield made
    if tenant_by(made).state != "purged":  # the test failed
        purging.purge(made, by="tests", reason="Cleared away.")
    with use_control():
        SlugHold.objects.filter(slug=SLUG).delete()
        Domain.objects.filter(domain="umbra.example").delete()


def tenant_by(made: Tenant) -> Tenant:
    with use_control():
        return Tenant.objects.get(pk=made.pk)


def gone(of: Tenant) -> Tenant:
    """Require that nothing is left but the row, and return it."""
    with use_control():
        row = Tenant.objects.get(pk=of.pk)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT to_regnamespace(%s), to_regrole(%s)",
                [of.schema_name, of.db_role],
            )
            assert cursor.fetchone() == (None, None)
        assert not WakeUp.objects.filter(tenant=row).exists()
        assert not Survey.objects.filter(tenant=row).exists()
        assert not row.own_quotas.exists()
        assert not row.own_features.exists()
        assert not row.ledger.exclude(error_text="").exists()
        assert not DeadLetter.objects.filter(tenant=row.uuid).exists()
        assert not Domain.objects.filter(tenant=row, verified_at__isnull=False).exists()
        runs = ProvisioningRun.objects.filter(tenant_uuid=row.uuid)
        assert [run.kind for run in runs] == ["purge"]
        assert SLUG not in str([run.order for run in runs])
        assert (row.state, row.slug, row.name) == ("purged", "", "")
    with use(of):
        assert not default_storage.exists(LOGO)
    return row


def test_prt_9_a_purge_leaves_a_certificate_and_nothing_else(umbra) -> None:
    certificate = purging.purge(umbra, by="tests", reason="Asked for.")
    row = gone(umbra)
    assert row.certificate == certificate
    assert certificate["tenant_uuid"] == str(umbra.uuid)
    assert certificate["slug_sha256"] == hashlib.sha256(SLUG.encode()).hexdigest()
    deleted = certificate["deleted"]
    assert (deleted["files"], deleted["domains"], deleted["refused_tasks"]) == (1, 3, 1)
    assert deleted["tables"] > 30
    assert deleted["rows"] > 100
    assert SLUG not in str(certificate)
    # A second time gives the same, and does nothing.
    assert purging.purge(row, by="tests", reason="Again.") == certificate


def test_l23_the_hosts_of_a_purged_tenant_are_as_unknown_as_any(umbra) -> None:
    client = Client(raise_request_exception=False)

    def answer(host: str) -> tuple[int, bytes]:
        got = client.get("/accounts/sign-in", headers={"host": host})
        return got.status_code, got.content

    assert answer("umbra.localhost")[0] == 200
    purging.purge(umbra, by="tests", reason="Asked for.")
    directory.empty()
    unknown = answer("nobody-at-all.localhost")
    assert answer("umbra.localhost")[0] == unknown[0] == 404
    assert answer("umbra.example")[0] == 404


def test_sgn_5_the_slug_is_held_and_the_custom_name_has_its_cool_down(umbra) -> None:
    purging.purge(umbra, by="tests", reason="Asked for.")
    with use_control():
        held = SlugHold.objects.get(slug=SLUG)
        name = Domain.objects.get(domain="umbra.example")
    assert held.reason == "purged"
    assert held.until - clock.now() > timedelta(days=89)
    assert domains.stage(name) is Stage.RELEASED


def test_a_purge_does_not_end_the_cool_down_of_a_name_that_lapsed(umbra) -> None:
    with use_control():
        Domain.objects.filter(domain="umbra.example").update(
            verified_at=None,
            lapsed_at=clock.now() - timedelta(days=1),
            verification_token="0" * 32,
        )
    purging.purge(umbra, by="tests", reason="Asked for.")
    with use_control():
        name = Domain.objects.get(domain="umbra.example")
    assert domains.stage(name) is Stage.RELEASED
    assert name.lapsed_at is not None


def test_prt_9_the_names_are_given_up_as_an_owner_gives_them_up(umbra) -> None:
    """Their cool-down begins with the purge, whenever the tenant was closed."""
    purging.ask(umbra, by="tests", reason="Asked for.")
    begun = clock.now()
    with clock.frozen(begun + timedelta(days=30)):
        purging.purge(umbra, by="tests", reason="The grace is over.")
        with use_control():
            name = Domain.objects.get(domain="umbra.example")
            assert not Domain.objects.filter(domain="claimed.example").exists()
            book = OperatorEvent.objects.filter(
                tenant=umbra.uuid, action="domain.removed"
            )
            said = {event.args["domain"]: event.actor for event in book}
    assert records.stage(name) is Stage.RELEASED
    assert name.released_at - begun >= timedelta(days=30)
    assert said == {"umbra.example": "tests", "claimed.example": "tests"}


def test_sgn_5_the_slug_is_free_again_after_90_days(umbra) -> None:
    purging.purge(umbra, by="tests", reason="Asked for.")
    directory.empty()
    with clock.frozen(clock.now() + timedelta(days=91)):
        with use_control():
            slug_holds.end_due()
        again = provision(slug=SLUG, name="U", owner_email="u@umbra.test", by="tests")
        assert (again.slug, again.state) == (SLUG, "active")
        assert again.uuid != umbra.uuid
        purging.purge(again, by="tests", reason="Cleared away.")


def test_sta_6_within_a_second_no_process_finds_the_host(umbra) -> None:
    assert directory.find(f"{SLUG}.localhost")
    heard: list[str] = []
    with databases.server(databases.working()) as there:
        there.execute("LISTEN tenantry_control")
        purging.purge(umbra, by="tests", reason="Asked for.")
        told = there.notifies(timeout=1, stop_after=100)
        heard.extend(note.payload for note in told)
    assert any(f"{SLUG}.localhost" in words for words in heard)
    assert any("umbra.example" in words for words in heard)
    assert any(str(umbra.uuid) in words for words in heard)


def test_sgn_5_nobody_takes_the_slug_of_a_purged_tenant(umbra, acme_file) -> None:
    purging.purge(umbra, by="tests", reason="Asked for.")
    with pytest.raises(ApplicationError) as caught:
        into(acme_file, slug=SLUG)
    assert caught.value.code == "slug_taken"
    with pytest.raises(SlugTaken):
        provision(slug=SLUG, name="U", owner_email="o@umbra.test", by="tests")


@pytest.mark.parametrize("name", list(purge_steps.BY_NAME))
def test_prt_9_a_purge_that_is_killed_is_finished_by_the_tick(
    umbra, monkeypatch, name
) -> None:
    step = purge_steps.BY_NAME[name]

    def deadly(run: ProvisioningRun) -> None:
        step.forward(run)
        raise Killed

    monkeypatch.setitem(
        purge_steps.BY_NAME, name, Step(name, step.label, deadly, endless=True)
    )
    with pytest.raises(Killed):
        purging.purge(umbra, by="tests", reason="Asked for.")
    monkeypatch.undo()
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert resume_due() == 1
    row = gone(umbra)
    assert row.certificate["deleted"]["files"] == 1
    assert row.certificate["deleted"]["rows"] > 100


def test_a_step_that_fails_is_tried_until_it_is_done(umbra, monkeypatch) -> None:
    step = purge_steps.BY_NAME["files"]

    def broken(run: ProvisioningRun) -> None:
        raise OSError("The disk is away.")

    monkeypatch.setitem(
        purge_steps.BY_NAME, "files", Step("files", step.label, broken, endless=True)
    )
    with pytest.raises(ApplicationError) as caught:
        purging.purge(umbra, by="tests", reason="Asked for.")
    assert caught.value.code == "purge_refused"
    for minutes in (5, 10, 15, 20, 25, 30):
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            monkeypatch.setattr("tenants.provisioning.saga.time.sleep", lambda _s: None)
            assert resume_due() == 1
    monkeypatch.undo()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        resume_due()
    gone(umbra)


def test_a_tenant_is_closed_at_once_and_purged_when_the_grace_is_over(umbra) -> None:
    closed = purging.ask(umbra, by="tests", reason="The contract ended.")
    assert (closed.state, closed.state_before) == ("deleting", "active")
    with use_control():
        assert purging.purge_due() == 0
        with clock.frozen(clock.now() + timedelta(days=31)):
            assert purging.purge_due() == 1
    gone(umbra)


def test_the_upkeep_purges_what_is_due(umbra) -> None:
    purging.ask(umbra, by="tests", reason="Ended.", grace=timedelta(0))
    with clock.frozen(clock.now() + timedelta(hours=1)):
        upkeep.do_due()
    gone(umbra)


def test_what_was_restored_beside_a_tenant_goes_with_it(umbra, tmp_path) -> None:
    out(SLUG, tmp_path / "x", with_files=False)
    shadow = into(tmp_path / "x", beside=tenant(SLUG))
    purging.purge(umbra, by="tests", reason="Asked for.")
    with use_control():
        assert Tenant.objects.get(pk=shadow.pk).state == "purged"
        assert not roles.has_schema(shadow.info())


def test_a_purge_is_in_the_operators_book(umbra) -> None:
    purging.purge(umbra, by="tests", reason="Asked for.")
    with use_control():
        book = OperatorEvent.objects.filter(tenant=umbra.uuid)
        actions = set(book.values_list("action", flat=True))
    assert {"tenant.deleting", "tenant.purged", "tenant.certified"} <= actions


def test_nothing_stops_a_purge_that_has_begun(umbra, monkeypatch) -> None:
    """Its process died, and an operator would have the tenant back."""
    purging.ask(umbra, by="tests", reason="Ended.")
    step = purge_steps.BY_NAME["schema"]

    def deadly(run: ProvisioningRun) -> None:
        step.forward(run)
        raise Killed

    monkeypatch.setitem(
        purge_steps.BY_NAME, "schema", Step("schema", step.label, deadly, endless=True)
    )
    with pytest.raises(Killed):
        purging.purge(umbra, by="tests", reason="Asked for.")
    monkeypatch.undo()
    with pytest.raises(MoveRefused, match="being purged"):
        going_on.resume(umbra, reason="Wait!", by="tests")
    with use_control(), pytest.raises(MoveRefused, match="being purged"):
        change_state(umbra, State.SUSPENDED, reason="Wait!", by="tests")
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert resume_due() == 1
    gone(umbra)


def test_a_task_that_was_refused_during_the_purge_goes_as_well(
    umbra, monkeypatch
) -> None:
    step = purge_steps.BY_NAME["domains"]

    def busy(run: ProvisioningRun) -> None:
        step.forward(run)
        DeadLetter.objects.create(
            task_id="late", task="leave.remind", tenant=umbra.uuid, message="{}"
        )

    monkeypatch.setitem(
        purge_steps.BY_NAME, "domains", Step("domains", step.label, busy, endless=True)
    )
    purging.purge(umbra, by="tests", reason="Asked for.")
    gone(umbra)
