"""`manage.py goflow_simulate`: start instances to try a process, and walk them."""

from argparse import ArgumentParser, ArgumentTypeError
from random import Random
from typing import Any

from tenants.context import TenantInfo
from tenants.management.over_tenants import InEachTenant
from workflow import simulation

MOST = 10_000


def count(text: str) -> int:
    """Return how many instances are meant, 1 to 10,000."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST:
        raise ArgumentTypeError(f"{text!r} is no number from 1 to {MOST:,}")
    return number


class Command(InEachTenant):
    """The instances stay, with `simulation` as their title, and so does their audit.

    With `--run` each is walked by people who may do the work, by answers that are
    drawn by lot, and by a clock of its own: nothing else in the tenant falls due.
    Exit codes: 0 done, 1 failed or some got stuck, 2 wrong usage or no tenant, 3 some
    tenants failed and the others were done.
    """

    help = "Start instances of a process about default documents, and walk them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--process", required=True, help="Title or code of a published process."
        )
        parser.add_argument(
            "--count", type=count, default=1, help="How many instances (1)."
        )
        parser.add_argument(
            "--user", help="Who starts them; by default an owner of the tenant."
        )
        parser.add_argument("--run", action="store_true", help="Walk them to the end.")
        parser.add_argument(
            "--seed", type=int, help="The same number draws the same answers."
        )

    def in_tenant(
        self,
        tenant: TenantInfo,  # noqa: ARG002 - it is entered
        *,
        process: str = "",
        count: int = 1,
        user: str | None = None,
        run: bool = False,
        seed: int | None = None,
        **options: Any,  # noqa: ARG002 - the flags of Django
    ) -> dict[str, Any]:
        """Start the instances. Fails without such a process or user."""
        by = simulation.starter(user)
        made = [simulation.start(process, by=by) for _ in range(count)]
        facts = {"created": count, "instances": [one.pk for one in made]}
        if not run:
            return facts
        chance = Random(seed)  # noqa: S311 - a lot, no secret
        walks = [simulation.walk(one, by=by, chance=chance) for one in made]
        stuck = [walk for walk in walks if not walk.is_complete]
        return facts | {
            "complete": count - len(stuck),
            "stuck": [
                {"instance": one.instance_id, "moves": one.moves, "why": one.why}
                for one in stuck
            ],
        }

    def has_findings(self, facts: dict[str, Any]) -> bool:
        return bool(facts.get("stuck"))

    def lines(self, facts: dict[str, Any]) -> list[str]:
        found = [f"Created {facts['created']} simulation instance(s)."]
        if "stuck" not in facts:
            return found
        stuck = [str(simulation.Walk(*one.values())) for one in facts["stuck"]]
        counts = f"{facts['complete']} reached the end, {len(stuck)} did not."
        return [*found, counts, *stuck]
