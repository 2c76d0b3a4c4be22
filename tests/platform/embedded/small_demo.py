"""The real supervisor with programs of a few lines: PORT [NAME=HABIT...]."""

import os
import sys
from pathlib import Path

from kernel.embedded import commands, places
from kernel.embedded.plan import Plan, Probe, Program
from kernel.embedded.screen import Screen
from kernel.embedded.supervisor import Supervisor

HERE = Path(__file__).parent
PYTHON = sys.executable


def main(port, habits):
    data = places.data_dir()
    ends = data / "ends.txt"
    if "self=bound" in habits:
        commands.end_with_parent()

    def program(name):
        mine = [habit.split("=")[1] for habit in habits if habit.startswith(name)]
        words = (PYTHON, str(HERE / "small_program.py"), name, str(ends), *mine)
        return Program(name, words, patience=5.0)

    web = (PYTHON, str(HERE / "small_web.py"), str(port), str(ends))
    code = "import sys; sys.exit('no')" if "prepare=fail" in habits else "print('made')"
    plan = Plan(
        root=HERE,
        data=data,
        port=port,
        prepare=(PYTHON, "-c", code),
        programs=(
            Program("web", web, patience=3.0),
            program("worker"),
            program("beat"),
        ),
        probes=(Probe("web", "/", "localhost"),),
        farewell="ready",
        anew=commands.is_yes("RESET"),
    )
    code = Supervisor(plan, Screen()).run()
    sys.stdout.write(f"embedded: {embedded()}\n")
    return code


def embedded():
    """Return the launchers that were imported."""
    return [name for name in sys.modules if name.endswith((".postgres", ".valkey"))]


os.umask(0o077)  # the strictest that a person may have
sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
