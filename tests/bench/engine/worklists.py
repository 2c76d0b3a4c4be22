"""The first page of a worklist among very many work items."""

from typing import Final

from tests.bench import databases
from tests.bench.peers import Peer, working
from tests.bench.report import percentile

ITEMS: Final = 1_000_000
#: Whose pages are read in turn, each one so often.
READERS: Final = tuple(f"page person-{number}" for number in range(10, 20))
TIMES: Final = 20


def page(
    peer: Peer, database: dict[str, str], *, items: int = ITEMS, times: int = TIMES
) -> tuple[int, float]:
    """Return the statements of a page, and the 95th percentile in milliseconds.

    Fills the tenant first.
    """
    with working(peer, database) as worker:
        worker.ask("crowd", items)
        databases.tidy(database["NAME"])
        statements = max(
            worker.ask("counted_page", reader.removeprefix("page "))
            for reader in READERS
        )
        worker.ask("block", READERS, len(READERS))
        block = worker.ask("block", READERS, times * len(READERS))
        return statements, percentile(sorted(block), 95) / 1e6
