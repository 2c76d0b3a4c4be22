"""One long-lived process of one peer: asked by lines on its input, it answers by lines.

A line is a JSON array: a method of the peer's `Service`, and what it is called with.
Run as `worker.py PEER make WORD...` or `worker.py PEER serve`, in the peer's Python.
"""

import json
import os
import sys
from importlib import import_module

import django


def main(peer: str, what: str, *words: str) -> None:
    # What is printed by others must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{peer}.settings"
    django.setup()
    if what == "make":
        import_module(f"{peer}.making").make(words)
        return
    service = import_module(f"{peer}.service").Service()
    for line in sys.stdin:
        name, *values = json.loads(line)
        print(json.dumps(getattr(service, name)(*values)), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
