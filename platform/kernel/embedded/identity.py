"""Which user PostgreSQL runs as, since it refuses root.

Not root: the user. Root: the first that works of
1. the owner of the data, else `nobody`, where both paths are open to that user
2. root itself, seen as `nobody` in a user namespace: files stay root's
3. `nobody` again, with binaries and data in the system's temporary directory
No account is made and no mode or owner of an existing directory is changed.
"""

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded import copies, process
from kernel.embedded.binaries import PostgresBinaries
from kernel.embedded.errors import CannotStart


@dataclass(frozen=True)
class Seat:
    """Where and as whom the server runs; `note` tells what is unusual about it."""

    uid: int
    gid: int
    options: tuple[str, ...]
    binaries: PostgresBinaries
    data: Path
    note: str = ""


def choose(binaries: PostgresBinaries, data: Path) -> Seat:
    """Return the first way that works, or raise CannotStart with all that failed."""
    if os.geteuid() != 0:
        _refuse_foreign(data)
        return Seat(os.geteuid(), os.getegid(), (), binaries, data)
    tried: list[str] = []
    for seat in _candidates(binaries, data, tried):
        refusal = _refusal(seat)
        if refusal is None:
            return seat
        tried.append(f"{seat.note or 'user ' + str(seat.uid)}: {refusal}")
    raise CannotStart(
        "PostgreSQL does not run as root, and no other way is open. "
        + " ".join(tried)
        + " Start as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _refuse_foreign(data: Path) -> None:
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise CannotStart(
            f"{data} belongs to {_name(data.stat().st_uid)}, you are "
            f"{_name(os.geteuid())}: start as that user, or remove it."
        )


def _candidates(
    binaries: PostgresBinaries, data: Path, tried: list[str]
) -> Iterator[Seat]:
    nobody = pwd.getpwnam("nobody")
    elsewhere = copies.place_for(data)
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            yield _dropped(owner.st_uid, owner.st_gid, binaries, data)
        else:
            yield _enclosed(nobody.pw_uid, binaries, data)
        return
    if not elsewhere.exists():
        yield _dropped(nobody.pw_uid, nobody.pw_gid, binaries, data)
        yield _enclosed(nobody.pw_uid, binaries, data)
    try:
        copied = PostgresBinaries(copies.of_binaries(binaries), binaries.major)
        copies.make_place(elsewhere.parent)
    except (OSError, CannotStart) as error:
        tried.append(f"a copy: {error}")
        return
    note = f"binaries in {copied.directory}, data in {elsewhere}"
    yield Seat(
        nobody.pw_uid,
        nobody.pw_gid,
        (f"--user={nobody.pw_uid}:{nobody.pw_gid}",),
        copied,
        elsewhere,
        note,
    )


def _dropped(uid: int, gid: int, binaries: PostgresBinaries, data: Path) -> Seat:
    return Seat(uid, gid, (f"--user={uid}:{gid}",), binaries, data)


def _enclosed(uid: int, binaries: PostgresBinaries, data: Path) -> Seat:
    return Seat(0, 0, (f"--namespace={uid}",), binaries, data, "in a user namespace")


def _refusal(seat: Seat) -> str | None:
    """Try to enter the place and run the program, exactly as the server will."""
    answer = subprocess.run(
        process.command(
            [seat.binaries.program("postgres"), "--version"],
            death=signal.SIGKILL,
            options=[*seat.options, f"--chdir={seat.data.parent}"],
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return None if answer.returncode == 0 else answer.stderr.strip() + "."


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
