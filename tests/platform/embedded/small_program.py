"""A program that stays; writes that it stands, and how it ended: NAME ENDS [HABIT...].

deaf    ignores SIGTERM
loud    prints a warning first
mortal  ends at once
parent  starts a child that stays, in its own process group
"""

import signal
import subprocess
import sys
import time
from pathlib import Path


def main(name, ends, habits):
    def end(*_):
        with ends.open("a") as file:
            file.write(f"{name}\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in habits else end)
    with ends.with_name("stands.txt").open("a") as file:
        file.write(f"{name}\n")
    if "loud" in habits:
        sys.stdout.write(f"WARNING: {name} has something to say\n")
        sys.stdout.flush()
    if "mortal" in habits:
        sys.exit(f"{name} has no wish to live")
    if "parent" in habits:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", ends])
    while True:
        time.sleep(0.1)


main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
