"""Lost work is found in many tenants at once, as it would be found in each."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from accounts import mail
from accounts.mail import outbox
from accounts.models import LimitCounter, MailMessage, User
from kernel import clock
from tenants.context import TenantInfo, use, use_control
from tenants.models import WakeUp
from tenants.scheduling import sources, upkeep
from tenants.scheduling.questions import Answer
from tests.tenants import due
from tests.workflow.processes import approval, install, sent_for_approval

pytestmark = pytest.mark.django_db(transaction=True)


def busy(tenant: TenantInfo, *, mails: int) -> None:
    """Write work of every kind of source."""
    with use(tenant), transaction.atomic():
        install(approval())
        alice, bob = (User.objects.get(username=name) for name in ("alice", "bob"))
        sent_for_approval(alice, bob)
        for _number in range(mails):
            mail.put(
                "accounts/reset_code",
                to="person@acme.test",
                secret_context={"code": "K7MPXW"},
                context={"minutes": 10},
            )
        now = clock.now()
        LimitCounter.objects.create(
            scope="sign_in", key_hash=b"1" * 32, window_start=now, last_hit_at=now
        )


def rename(before: str, after: str) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA {before} RENAME TO {after}")


def asked_inside(tenants: list[TenantInfo]) -> list[Answer]:
    found = []
    for tenant in tenants:
        with use(tenant):
            found.append((tenant, sources.next_due()))
    return found


def asked_together(tenants: list[TenantInfo]) -> list[Answer]:
    with use_control():
        return list(upkeep.next_dues(tenants))


def test_sch_0_tenants_asked_together_say_what_each_says_inside(acme, globex) -> None:
    tenants = [acme, globex]
    busy(acme, mails=1)
    assert asked_together(tenants) == asked_inside(tenants)
    with use(acme):
        MailMessage.objects.update(due_at=clock.now() + timedelta(days=9), state="sent")
    assert asked_together(tenants) == asked_inside(tenants)


@pytest.mark.parametrize(
    "name", ["timers", "outbox", "retention", "anchors", "purging"]
)
def test_sch_0_each_source_alone_says_the_same(acme, globex, settings, name) -> None:
    settings.TENANT_DUE_SOURCES = [
        one for one in settings.TENANT_DUE_SOURCES if one.endswith(name)
    ]
    busy(acme, mails=2)
    with use(acme):
        MailMessage.objects.update(created_at=F("created_at") - timedelta(hours=5))
        if name == "retention":
            outbox.run_due(10)
            MailMessage.objects.update(redacted_at=None)
    found = asked_together([acme, globex])
    assert found == asked_inside([acme, globex])
    assert found[0][1] is not None


def test_what_a_tenant_is_asked_is_one_statement(
    acme, django_assert_num_queries
) -> None:
    with use(acme):
        User.objects.exists()
        with django_assert_num_queries(1):
            sources.next_due()


def test_a_tenant_that_cannot_be_asked_stops_no_other(acme, globex) -> None:
    busy(globex, mails=1)
    away = f"{acme.schema_name}_away"
    rename(acme.schema_name, away)
    try:
        found = asked_together([acme, globex])
    finally:
        rename(away, acme.schema_name)
    assert found == asked_inside([globex])


def test_a_source_without_queries_is_asked_inside(acme, globex, settings) -> None:
    settings.TENANT_DUE_SOURCES = ["tests.tenants.due"]
    due.forget()
    due.work[acme.uuid].append(clock.now())
    assert asked_together([acme, globex]) == asked_inside([acme, globex])
    due.forget()


def test_the_sweep_of_all_tenants_enters_none(
    acme, globex, django_assert_max_num_queries
) -> None:
    busy(acme, mails=1)
    with use_control():
        WakeUp.objects.update(next_due=None)
    with use_control(), django_assert_max_num_queries(6) as asked:
        upkeep.sweep()
    assert not any(acme.schema_name in one["sql"] for one in asked.captured_queries)
    with use_control():
        woken = WakeUp.objects.get(tenant__uuid=acme.uuid)
    assert (acme, woken.next_due) in asked_inside([acme])
