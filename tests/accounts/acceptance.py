"""The tables of docs/security.md, and the tests that stand for their lines.

A test stands for a line by its name: `test_a14_...`, for two by `test_a34_w15_...`.
Run as a module, it writes the tests into the tables.
"""

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "security.md"
FOLDERS = ("accounts", "isolation", "tenants")
TEST = re.compile(r"^(?:async )?def (test_((?:[aw]\d\d_)+)\w+)", re.MULTILINE)
LINE = re.compile(r"\| (?P<id>[AW]\d\d) \|(?P<middle>.*)\|(?P<tests>[^|]*)\|")


def found() -> dict[str, list[str]]:
    """Return the names of the tests by the line they stand for."""
    tests: dict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((TESTS / folder).rglob("test_*.py")):
            for match in TEST.finditer(path.read_text(encoding="utf-8")):
                for line in match[2].upper().split("_")[:-1]:
                    tests[line].append(match[1])
    return {key: sorted(names) for key, names in tests.items()}


def lines() -> dict[str, str]:
    """Return what the document says of each line's tests."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return {
        match["id"]: match["tests"].strip()
        for line in text.splitlines()
        if (match := LINE.fullmatch(line))
    }


def told(names: list[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def write() -> None:
    """Write the tests that there are into the document."""
    tests = found()

    def filled(line: str) -> str:
        match = LINE.fullmatch(line)
        if match is None:
            return line
        names = told(tests.get(match["id"], []))
        return f"| {match['id']} |{match['middle']}| {names} |"

    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text("\n".join(map(filled, text.split("\n"))), encoding="utf-8")


if __name__ == "__main__":
    write()
