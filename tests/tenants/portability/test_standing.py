"""How a tenant stands after an import: a move keeps it, a copy begins anew."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

import pytest

from accounts.models import MailMessage
from kernel import clock
from kernel.errors import ApplicationError
from tenants.context import as_owner, use, use_control
from tenants.db.base import TenantUnavailable
from tenants.life import going_on, trials
from tenants.models import Domain, Tenant, WakeUp
from tenants.portability import archiving
from tenants.portability.export import Taking, export
from tenants.portability.manifest import CONTROL, MANIFEST
from tenants.portability.orders import Wish, decided
from tenants.portability.policies import Keep
from tenants.provisioning import provision
from tenants.states import State, change_state
from tests.tenants.portability.conftest import changed, into, out, tenant
from tests.tenants.portability.test_refusals import sealed


@pytest.fixture
def nova(world, request) -> Tenant:
    slug = f"nova-{crc32(request.node.name.encode()):x}"
    return provision(slug=slug, name="Nova", owner_email="o@nova.test", by="tests")


def put(of: Tenant, state: str, **values: Any) -> None:
    """Let the tenant stand so, whatever way leads there."""
    with use_control():
        if state == "trial":
            Tenant.objects.filter(pk=of.pk).update(state=state, **values)
        elif state != "active":
            change_state(of, State(state), reason="Why.", by="tests")


def moved(of: Tenant, path: Path, **wish: Any) -> Tenant:
    """Import a tenant's file as another installation would: it is gone here."""
    other = uuid4()
    with use_control():
        Domain.objects.filter(tenant=of).delete()
        Tenant.objects.filter(pk=of.pk).update(
            slug=f"x-{other.hex[:12]}", uuid=other, storage_prefix=str(other)
        )
    return into(path, **{"keeps_credentials": True, **wish})


def is_woken(of: Tenant) -> bool:
    with use_control():
        return WakeUp.objects.get(tenant=of).enabled


def test_prt_6_a_moved_trial_goes_on_to_its_last_day(nova, tmp_path) -> None:
    ends = clock.now() + timedelta(days=5)
    put(nova, "trial", trial_ends_at=ends)
    out(nova.slug, tmp_path / "x")
    made = moved(nova, tmp_path / "x")
    assert (made.uuid, made.state, made.trial_ends_at) == (nova.uuid, "trial", ends)
    assert is_woken(made)
    with clock.frozen(ends):
        trials.end_due()
    assert tenant(made.slug).state == "past_due"


def test_prt_6_a_moved_trial_whose_day_is_over_is_past_due(nova, tmp_path) -> None:
    ends = clock.now() - timedelta(minutes=1)
    put(nova, "trial", trial_ends_at=ends)
    out(nova.slug, tmp_path / "x")
    made = moved(nova, tmp_path / "x")
    assert (made.state, made.state_reason) == ("past_due", "The trial has ended.")
    assert made.trial_ends_at == ends
    assert not is_woken(made)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("active", "active"),
        ("past_due", "past_due"),
        ("suspended", "suspended"),
        ("deleting", "suspended"),
    ],
)
def test_prt_6_a_moved_tenant_stands_as_it_did(nova, tmp_path, before, after) -> None:
    put(nova, before)
    out(nova.slug, tmp_path / "x")
    made = moved(nova, tmp_path / "x")
    assert (made.state, made.purge_after) == (after, None)
    assert is_woken(made) == (after == "active")
    if after != "active":
        going_on.resume(made, reason="Paid.", by="tests")
        assert tenant(made.slug).state == "active"
        assert is_woken(made)


def test_prt_6_a_moved_tenant_is_closed_to_its_role(nova, tmp_path) -> None:
    put(nova, "suspended")
    out(nova.slug, tmp_path / "x")
    made = moved(nova, tmp_path / "x")
    with pytest.raises(TenantUnavailable), use(made):
        MailMessage.objects.count()


def test_the_owner_of_one_that_is_closed_is_invited_all_the_same(
    nova, tmp_path
) -> None:
    """A file without credentials, such as of a clone, moved all the same."""
    put(nova, "suspended")
    taking = Taking(keep=Keep.DATA)
    export(tenant(nova.slug), output=tmp_path / "x", by="tests", taking=taking)
    made = moved(nova, tmp_path / "x")
    assert made.state == "suspended"
    with use(as_owner(made)):
        (mail,) = MailMessage.objects.all()
    assert "setup" in mail.template


@pytest.mark.parametrize("before", ["past_due", "suspended"])
def test_prt_6_a_copy_is_active(nova, tmp_path, before) -> None:
    put(nova, before)
    out(nova.slug, tmp_path / "x")
    made = into(tmp_path / "x", slug=f"copy-{nova.slug}")
    assert (made.state, made.trial_ends_at) == ("active", None)
    shadow = into(tmp_path / "x", beside=tenant(nova.slug))
    assert shadow.state == "active"


def test_an_archive_moved_elsewhere_is_active_as_it_would_be_here(
    nova, tmp_path
) -> None:
    archiving.archive(nova, output=tmp_path / "x", by="tests")
    assert moved(nova, tmp_path / "x").state == "active"


# What anybody may have written


def with_control(change: Callable[[dict[str, Any]], object]) -> Any:
    """Change what the archive says of the control plane, with all checksums."""

    def act(content: dict[str, bytes]) -> None:
        control = json.loads(content[CONTROL])
        change(control)
        body = content[CONTROL] = json.dumps(control).encode()
        manifest = json.loads(content[MANIFEST])
        part = next(one for one in manifest["others"] if one["name"] == CONTROL)
        part["bytes"], part["sha256"] = len(body), hashlib.sha256(body).hexdigest()
        content[MANIFEST] = json.dumps(manifest).encode()
        sealed(content)

    return act


def test_prt_5_a_file_of_before_says_nothing_and_is_active(nova, tmp_path) -> None:
    put(nova, "suspended")
    out(nova.slug, tmp_path / "x")
    silent = with_control(lambda c: (c.pop("state"), c.pop("trial_ends_at")))
    path = changed(tmp_path / "x", tmp_path / "y", silent)
    assert moved(nova, path).state == "active"


@pytest.mark.parametrize(
    "values",
    [
        {"state": "purged"},
        {"state": "provisioning"},
        {"state": "god"},
        {"state": None},
        {"trial_ends_at": "soon"},
        {"trial_ends_at": "2026-01-01T00:00:00"},
        {"trial_ends_at": "9999-12-31T23:59:59-23:59"},
        {"trial_ends_at": "0001-01-01T00:00:00+23:59"},
        {"trial_ends_at": "3000-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_prt_5_a_state_or_a_day_that_is_none_is_refused(
    acme_file, tmp_path, values
) -> None:
    path = changed(acme_file, tmp_path / "x", with_control(lambda c: c.update(values)))
    with pytest.raises(ApplicationError) as caught:
        decided(path, Wish(slug="refused", keeps_credentials=True), by="tests")
    assert caught.value.code == "archive_foreign"
