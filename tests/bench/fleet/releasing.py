"""A release over all schemas: nothing to migrate, and ten columns more."""

from collections.abc import Mapping, Sequence

from tests.bench import databases
from tests.bench.peers import Peer, Worker, working

MILLION = 1_000_000
#: How often we look where nothing is to be done; django-tenants takes minutes for it.
LOOKS = 5
#: The last table that the release changes, and the first there is.
HAVE = """
SELECT count(*) FROM pg_attribute
WHERE attrelid::regclass::text LIKE '%%.' || %s AND attname = %s
"""
SCHEMAS = ("estate_thing1", "id")
CHANGED = ("estate_thing40", "extra")


def figures(
    named: Mapping[Peer, dict[str, str]],
    *,
    ours: tuple[Peer, Peer],
    theirs: tuple[Peer, Peer],
    tenants: tuple[int, int],
) -> dict[str, Sequence[float]]:
    """Return how many times as fast ours are, a tenant."""
    many, some = tenants
    mine, other = named[ours[0]], named[theirs[0]]
    with working(ours[0], mine) as one, working(theirs[0], other) as two:
        one.ask("migrate")
        slow = a_tenant(two, some)
        idle = [slow / a_tenant(one, many) for _ in range(LOOKS)]
    own = one_release(ours[1], mine, many)
    return {
        "noop_vs_django_tenants": idle,
        "addfield_vs_django_tenants": [one_release(theirs[1], other, some) / own],
        "addfield_ms": [own],
    }


def one_release(peer: Peer, database: dict[str, str], tenants: int) -> float:
    """Return the milliseconds a tenant. Raises RuntimeError where one was left out."""
    with working(peer, database) as worker:
        taken = a_tenant(worker, tenants)
    if have(database, CHANGED) != tenants:
        raise RuntimeError(f"{peer.name} left tenants behind.")
    return taken


def a_tenant(worker: Worker, tenants: int) -> float:
    """Return the milliseconds that a look or a release takes a tenant."""
    return float(worker.ask("migrate")) / MILLION / tenants


def have(database: dict[str, str], column: tuple[str, str]) -> int:
    """Return how many schemas have a column."""
    with databases.connect(database["NAME"]) as connection:
        row = connection.execute(HAVE, column).fetchone()
    return int(row[0]) if row else 0
