"""SCH-4: what recurs has a fixed offset by tenant, and a deadline has none."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import Group
from django.db.models import DateTimeField, ExpressionWrapper, Value

from kernel import clock
from tenants.context import use
from tenants.scheduling import offsets
from tenants.scheduling.offsets import WINDOW


def turn(tenant, at, **options):
    with use(tenant):
        Group.objects.get_or_create(name="one")
        value = ExpressionWrapper(Value(at), output_field=DateTimeField())
        found = Group.objects.annotate(at=offsets.in_turn(value, **options))
        return found.values_list("at", flat=True)[0]


def test_sch_4_tenants_are_spread_over_the_window_and_each_keeps_its_place() -> None:
    tenants = [uuid4() for _number in range(500)]
    places = [offsets.offset(one) for one in tenants]
    assert places == [offsets.offset(one) for one in tenants]
    assert all(timedelta(0) <= place < WINDOW for place in places)
    minutes = [
        sum(place // timedelta(minutes=1) == n for place in places) for n in range(5)
    ]
    assert min(minutes) > 50


def test_sch_4_what_recurs_at_one_instant_comes_one_tenant_after_another(
    acme, globex, frozen_clock
) -> None:
    at = clock.now()
    turns = {tenant.slug: turn(tenant, at) for tenant in (acme, globex)}
    assert turns["acme"] != turns["globex"]
    assert all(abs(found - at) < WINDOW for found in turns.values())


def test_sch_4_the_turns_of_one_tenant_are_a_day_apart(acme, frozen_clock) -> None:
    """Also where each comes some seconds late; it does not drift."""
    first = turn(acme, clock.now())
    late = first + timedelta(milliseconds=1)
    assert turn(acme, late + timedelta(days=1)) == first + timedelta(days=1)


def test_sch_4_a_short_period_has_a_short_window(acme, frozen_clock) -> None:
    """A turn never lies before the one that it follows."""
    now, pause = clock.now(), timedelta(seconds=36)
    assert turn(acme, now + pause, window=pause) > now
