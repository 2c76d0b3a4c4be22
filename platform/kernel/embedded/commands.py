"""The command line: python -m kernel.embedded COMMAND."""

import argparse
from collections.abc import Sequence

from kernel.embedded import places


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m kernel.embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, variable in (
        ("postgres", "DATABASE_URL"),
        ("valkey", "CELERY_BROKER_URL"),
    ):
        server = commands.add_parser(name, help=f"run the embedded {name} until Ctrl-C")
        server.add_argument("--test", action="store_true", help="fast, but unsafe")
        server.set_defaults(variable=variable)
    options = parser.parse_args(arguments)
    from kernel.embedded import launcher

    return launcher.run(options.variable, places.data_dir(), test=options.test)
