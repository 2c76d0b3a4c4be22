"""A maintenance keeps everybody out until its end, but operators with the link."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from kernel import clock
from tenants import signing, states
from tenants.context import TenantInfo, use, use_control
from tenants.errors import MaintenanceTooLong, MoveRefused
from tenants.life import going_on, maintenance
from tenants.models import OperatorEvent, Tenant, WakeUp
from tenants.scheduling import wake_ups
from tenants.states import State, change_state

LASTING = timedelta(minutes=10)


def row(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def begin(slug: str = "acme", lasting: timedelta = LASTING) -> TenantInfo:
    after = maintenance.begin(row(slug), lasting=lasting, by="operator")
    with use_control():
        return after.info()


def path_of(link: str) -> str:
    return urlsplit(link).path


def taken(slug: str = "acme") -> bool:
    with use_control():
        return bool(wake_ups.take(10, only=[row(slug).uuid]))


def test_retry_after_counts_down_and_is_thirty_seconds_at_least(
    acme, visitor, frozen_clock
) -> None:
    begin()
    for passed, left in ((0, "600"), (100, "500"), (490, "30"), (9, "30")):
        clock.advance(timedelta(seconds=passed))
        assert visitor().get("/").headers["Retry-After"] == left
    clock.advance(timedelta(seconds=1))
    assert visitor().get("/accounts/sign-in").status_code == 200


def test_the_page_says_when_to_come_back(acme, visitor, frozen_clock) -> None:
    begin()
    assert "in about 10 minutes" in visitor().get("/").text
    clock.advance(timedelta(minutes=9, seconds=30))
    assert "in about 1 minute." in visitor().get("/").text


def test_its_end_starts_due_work_by_itself_and_nothing_armed_does_before(
    acme, frozen_clock
) -> None:
    begin()
    with use_control():
        wake_ups.lower(acme.uuid, clock.now() - LASTING)
    clock.advance(LASTING - timedelta(seconds=1))
    assert not taken()
    clock.advance(timedelta(seconds=1))
    assert taken()


def test_a_run_under_way_loses_its_lease(acme, frozen_clock) -> None:
    with use_control():
        WakeUp.objects.update(next_due=clock.now())
        (held,) = wake_ups.take(10, only=[acme.uuid])
    begin()
    with use_control():
        assert not wake_ups.hold(held)
        wake_ups.put_back(held, clock.now())
    assert not taken()


def test_a_debtors_timers_do_not_start_at_its_end(acme, frozen_clock) -> None:
    change_state(row(), State.PAST_DUE, reason="Unpaid.", by="operator")
    begin()
    clock.advance(LASTING)
    assert not taken()


def test_paying_during_a_maintenance_starts_nothing_before_its_end(
    acme, frozen_clock
) -> None:
    begin()
    change_state(row(), State.PAST_DUE, reason="Unpaid.", by="operator")
    change_state(row(), State.ACTIVE, reason="Paid.", by="operator")
    assert not taken()
    clock.advance(LASTING)
    assert taken()


def test_a_suspension_ends_it(acme, frozen_clock) -> None:
    begin()
    change_state(row(), State.SUSPENDED, reason="Unpaid.", by="operator")
    after = change_state(row(), State.ACTIVE, reason="Paid.", by="operator")
    assert after.maintenance_until is None
    assert taken()


def test_ended_early_it_starts_due_work_at_once(acme, frozen_clock) -> None:
    begin()
    maintenance.end(row(), by="operator")
    assert taken()
    with pytest.raises(MoveRefused):
        maintenance.end(row(), by="operator")
    with use_control():
        told = OperatorEvent.objects.filter(tenant=acme.uuid).order_by("at")
        actions = [event.action for event in told][-2:]
    assert actions == ["tenant.maintenance", "tenant.maintenance_ended"]


@pytest.mark.parametrize("state", sorted(set(State) - {"trial", "active", "past_due"}))
def test_sta_3_it_lies_over_served_states_only(acme, state: str) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(state=state)
    with pytest.raises(MoveRefused):
        begin()
    assert row().maintenance_until is None


@pytest.mark.parametrize("seconds", [-60, 0, 59, 7 * 24 * 3600 + 1])
def test_it_is_neither_too_short_nor_too_long(acme, seconds: int) -> None:
    with pytest.raises(MaintenanceTooLong):
        begin(lasting=timedelta(seconds=seconds))


# The link


def test_the_link_lets_a_browser_by_and_no_program(acme, visitor, browser_of) -> None:
    browser = browser_of("bob")
    link = maintenance.link(begin())
    assert link.startswith("http://acme.localhost:8000/maintenance/pass/")
    assert browser.get("/leave/").status_code == 503
    passed = browser.get(path_of(link))
    assert (passed.status_code, passed["Location"]) == (302, "/")
    cookie = passed.cookies["maintenance"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    page = browser.get("/leave/")
    assert (
        page.status_code,
        "Only browsers that followed the maintenance link" in page.text,
    ) == (200, True)
    assert browser.get("/api/openapi.json").status_code == 503
    assert visitor().get("/leave/").status_code == 503


def test_by_https_the_cookie_is_of_this_host_alone(acme, visitor, settings) -> None:
    settings.TENANTRY_SCHEME = "https"
    passed = visitor().get(path_of(maintenance.link(begin())))
    cookie = passed.cookies["__Host-maintenance"]
    assert (cookie["secure"], cookie["domain"], cookie["path"]) == (True, "", "/")


def test_who_passes_a_debtors_maintenance_still_only_reads(acme, visitor) -> None:
    change_state(row(), State.PAST_DUE, reason="Unpaid.", by="operator")
    client = visitor()
    client.get(path_of(maintenance.link(begin())))
    assert client.get("/accounts/sign-in").status_code == 200
    assert client.post("/leave/new/").status_code == 402


def test_the_link_ends_with_the_maintenance(acme, visitor, frozen_clock) -> None:
    client = visitor()
    old = path_of(maintenance.link(begin()))
    client.get(old)
    maintenance.end(row(), by="operator")
    begin(lasting=LASTING / 2)
    assert client.get("/accounts/sign-in").status_code == 503
    assert client.get(old).status_code == 503
    maintenance.end(row(), by="operator")
    assert client.get(old).status_code == 404


def test_the_link_of_another_tenant_or_generation_is_none(
    acme, globex, visitor, frozen_clock
) -> None:
    info = begin()
    foreign = path_of(maintenance.link(begin("globex")))
    older = path_of(maintenance.link(replace(info, generation=info.generation + 1)))
    with use(info):
        other = maintenance.PATH + signing.dumps(maintenance.end_of(info), salt="x")
    for path in (foreign, older, other, maintenance.PATH, f"{maintenance.PATH}ü\x00"):
        client = visitor()
        client.cookies["maintenance"] = path.removeprefix(maintenance.PATH)
        assert client.get(path).status_code == 503
        assert "maintenance" not in client.get(path).cookies
        assert client.get("/accounts/sign-in").status_code == 503


def test_nobody_passes_a_schema_that_waits_for_a_migration(acme, visitor) -> None:
    client = visitor()
    client.get(path_of(maintenance.link(begin())))
    states.hold(row(), on=True, by="operator")
    answer = client.get("/accounts/sign-in")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


# The hold


def test_a_hold_is_written_once_and_its_end_starts_due_work(acme, frozen_clock) -> None:
    for on in (True, True, False, False):
        states.hold(row(), on=on, by="system")
        assert taken() is not on or not on
    with use_control():
        told = OperatorEvent.objects.filter(tenant=acme.uuid).order_by("at")
        actions = [event.action for event in told][-2:]
    assert actions == ["tenant.held", "tenant.released"]


def test_resume_ends_a_maintenance_and_a_debt_in_one_go(acme) -> None:
    change_state(row(), State.PAST_DUE, reason="Unpaid.", by="operator")
    begin()
    after = going_on.resume(row(), reason="Paid.", by="operator")
    assert (after.state, after.maintenance_until) == ("active", None)
