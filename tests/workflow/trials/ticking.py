"""Schedulers that are killed at random, each a process of its own.

    python -m tests.workflow.trials.ticking SEED KILLS

Two are always at work; whenever one is killed another takes its place, and the lease of
what it held is over at once. A child is forked: a kill costs no start of Django.
"""

import os
import random
import signal
import sys
import time

import django

AT_ONCE = 2
#: Seconds between two kills: from the middle of a first statement to a few firings.
SHORTEST, LONGEST = 0.02, 0.25


def main(seed: int, kills: int) -> None:
    django.setup()
    dice = random.Random(seed)
    alive = [scheduler() for _number in range(AT_ONCE)]
    for _kill in range(kills):
        time.sleep(dice.uniform(SHORTEST, LONGEST))
        end(alive.pop(dice.randrange(AT_ONCE)))
        end_leases()
        alive.append(scheduler())
    for pid in alive:
        end(pid)
    end_leases()


def scheduler() -> int:
    """Start a child that does what is due again and again; return its number."""
    from tenants import scheduler as ours

    pid = os.fork()
    if pid:
        return pid
    try:
        while True:
            ours.run_all_inline(batch=2)
            time.sleep(0.005)
    finally:
        os._exit(1)


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def end_leases() -> None:
    """Let the leases of the dead be over, and perhaps one of the living as well."""
    from django.db import connections

    from kernel import clock
    from tenants.context import use_control
    from tenants.models import WakeUp

    with use_control():
        taken = WakeUp.objects.filter(lease_until__isnull=False)
        taken.update(lease_until=clock.now())
    connections.close_all()  # no child may share it


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
