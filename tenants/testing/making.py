"""Make twins: tell the story in one, mark it, mirror it into the other."""

from tenants.context import use
from tenants.testing.markers import new_marker
from tenants.testing.plan import Plan
from tenants.testing.twins import Twin, Twins, differences, mirror, plant


class NotAlike(AssertionError):
    """The twins differ in a number, so a leak could hide behind it."""


def make(plan: Plan) -> Twins:
    """Return the twins of a plan. Raises NotAlike."""
    first, second = plan.pair()
    with use(first):
        plan.tell()
    twins = Twins(Twin(first, new_marker()), Twin(second, new_marker()))
    plant(twins.a, plan.kept)
    mirror(twins.a, twins.b)
    require_alike(twins)
    return twins


def require_alike(twins: Twins) -> None:
    """Raise NotAlike where a primary key or a sequence is not the same in both."""
    unlike = differences(twins.a.schema, twins.b.schema)
    if unlike:
        raise NotAlike(f"Not alike: {', '.join(unlike)}.")
