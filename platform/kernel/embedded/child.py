"""Become another program that ends when the starting process ends.

A script of its own, run as `python -I -S child.py OPTIONS -- PROGRAM ARGUMENTS`.
Setting all this between fork and exec of a program with threads could hang.

--parent=PID       the process that must still be there, else nothing is started
--death=NUMBER     the signal to get when that process ends (Linux)
--user=UID:GID     drop to this user and group, without extra groups
--namespace=UID    be seen as this user in a user namespace; files stay the caller's
--chdir=PATH       work there; a path that the new user may not enter is an error
--ends=group       end whatever the program has started, too; this process stays
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
REFUSED = 126  # as a shell answers for a program that may not be run


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options = dict(option.split("=", 1) for option in arguments[:split])
    program = arguments[split + 1 :]
    libc = ctypes.CDLL(None, use_errno=True)
    if "--namespace" in options:
        enter_namespace(libc, int(options["--namespace"]))
    if "--user" in options:
        uid, gid = options["--user"].split(":")
        drop_to(int(uid), int(gid))
    restore_signals()
    parent = int(options["--parent"])
    if options.get("--ends") == "group":
        parent = stay_as_leader(libc, parent)
    die_with_parent(libc, parent, int(options["--death"]))
    if "--chdir" in options:
        os.chdir(options["--chdir"])
    os.execv(program[0], program)  # noqa: S606 - the caller found this program


def enter_namespace(libc: ctypes.CDLL, uid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")  # the kernel asks for it first
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{uid} {outer_gid} 1")


def drop_to(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def restore_signals() -> None:
    """Undo what Python and a shell's `&` set, as ignored signals survive exec."""
    for number in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, number), signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def stay_as_leader(libc: ctypes.CDLL, parent: int) -> int:
    """Go on in a child, to which this process is the parent; end all with `parent`.

    The signal of a parent's death reaches one process: what the program has started
    would finish its work first, however long that takes.
    """
    leader = os.getpid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(leader, signal.SIGKILL))
    die_with_parent(libc, parent, signal.SIGTERM)
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(code if code >= 0 else 128 - code)
    restore_signals()
    return leader


def die_with_parent(libc: ctypes.CDLL, parent: int, death: int) -> None:
    """Ask for the signal; last of all, since a change of user forgets the wish."""
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, death)
    if os.getppid() != parent:
        sys.exit(REFUSED)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
