"""Make .venv as deploy/requirements.txt says; for a Python that has nothing yet.

The message catalogues are made with it, by a package of its own.

Run by make as `python3 -I bootstrap.py`: it uses the standard library only, and its
syntax is old enough for an old Python to read it and say what it needs instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
LOCK = ROOT / "deploy" / "requirements.txt"
STAMP = VENV / "tenantry.json"
LOG = VENV / "install.log"
OLDEST = (3, 11)
SILENT_FOR = 4.0
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install")


class Failed(Exception):
    """The environment cannot be made; the text says what helps."""


def main() -> None:
    require_python()
    with LOCK.open() as lock:
        take_turns(lock.fileno())
        done = stamp()
        wish = wanted()
        if done == wish:
            make_words()
            return
        begun = time.monotonic()
        make_venv(done)
        if done.get("packages") != wish["packages"]:
            locked = ["--require-hashes", "--no-deps", "-r", str(LOCK)]
            run("packages", [str(python()), *PIP, *locked])
        own = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        run("tenantry", [str(python()), *PIP, *own])
        make_words()
        STAMP.write_text(json.dumps(wish))
        print(f"  .venv is ready after {time.monotonic() - begun:.0f} s", flush=True)


def require_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise Failed(
            f"Tenantry needs Python 3.11 or later; {sys.executable} is {found}. "
            "Name another: make demo PYTHON=python3.12"
        )
    try:
        import ensurepip
        import venv
    except ImportError as error:
        raise Failed(
            f"{sys.executable} has no module {error.name}: install the package "
            "python3-venv of your system (Debian, Ubuntu: apt install python3-venv)."
        ) from error
    del ensurepip, venv


def take_turns(descriptor: int) -> None:
    """Wait for another make that fills the same .venv."""
    begun = spoke = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - spoke > SILENT_FOR:
                spoke = time.monotonic()
                print(
                    f"  waiting for another make ... {spoke - begun:.0f} s", flush=True
                )
            time.sleep(0.2)
        else:
            return


def python() -> Path:
    return VENV / "bin" / "python"


def stamp() -> dict[str, str]:
    """Return what the present .venv was made of; nothing if that is unknown."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if python().exists() else {}


def wanted() -> dict[str, str]:
    return {
        "packages": digest(LOCK),
        "project": digest(ROOT / "pyproject.toml"),
        "place": str(ROOT),
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_venv(done: dict[str, str]) -> None:
    """Make .venv anew, unless one made here only needs other packages.

    Its scripts name its place, so one of a moved clone is of no use.
    """
    here = {"place": str(ROOT)}
    if done.get("place") == here["place"]:
        STAMP.write_text(json.dumps(here))
        return
    print(f"  making {VENV}", flush=True)
    if VENV.is_symlink():
        VENV.unlink()  # what it leads to is somebody else's
    answer = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise Failed(f"{VENV} cannot be made:\n{answer.stdout}{answer.stderr}")
    STAMP.write_text(json.dumps(here))


def make_words() -> None:
    """Make the message catalogues that are missing or older than their source."""
    for source in ROOT.glob("locale/*/LC_MESSAGES/*.po"):
        made = source.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime_ns < source.stat().st_mtime_ns:
            run("languages", [str(python()), "-m", "kernel.catalogues"])
            return


def run(what: str, command: list[str]) -> None:
    """Run pip with its output in a log, and say each few seconds where it stands."""
    begun = spoke = time.monotonic()
    with LOG.open("a") as log:
        offset = log.tell()
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PIP_ROOT_USER_ACTION="ignore", PYTHONUNBUFFERED="1"),
        )
        while child.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - spoke > SILENT_FOR:
                spoke = time.monotonic()
                print(
                    f"  installing {what}{standing(offset)} ... {spoke - begun:.0f} s"
                )
                sys.stdout.flush()
    if child.returncode != 0:
        raise Failed(f"pip could not install {what} (see {LOG}):\n{last_lines()}")


def standing(offset: int) -> str:
    """Return how many of the packages pip has looked up, by its log."""
    with LOG.open() as log:
        log.seek(offset)
        text = log.read()
    if "Installing collected packages" in text:
        return ", unpacking"
    total = sum("==" in line for line in LOCK.read_text().splitlines())
    return f", {text.count('Collecting ')} of at most {total}"


def last_lines() -> str:
    return "\n".join(LOG.read_text(errors="replace").splitlines()[-20:])


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
