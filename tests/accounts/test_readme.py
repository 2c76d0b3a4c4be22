"""What is written down about accounts is whole: its map, and the tree of its errors."""

import re
from pathlib import Path

import accounts
from accounts import errors

ROOT = Path(accounts.__file__).parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BRANCH = re.compile("[├└│]")
MAP = TEXT.partition("## What lies where")[2].partition("\n## ")[0]


def test_each_module_and_package_stands_in_one_row():
    first = [row.split("|")[1] for row in MAP.splitlines() if row.startswith("| `")]
    named = re.findall(r"`([\w./]+)`", " ".join(first))
    found = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in ROOT.iterdir()
        if path.name not in {"README.md", "__init__.py", "__pycache__"}
    }
    assert sorted(named) == sorted(found)


def test_each_module_and_test_that_it_sends_a_reader_to_is_there():
    advice = TEXT.partition("## You are changing")[2]
    for name in re.findall(r"`([\w/]+\.(?:py|sql))`", advice):
        places = (ROOT, ROOT.parent, ROOT.parent / "tests" / "accounts")
        assert any((place / name).exists() for place in places), name


def test_the_tree_of_errors_names_each_below_its_parent():
    above: dict[str, str] = {}
    parent = ""
    for line in filter(BRANCH.match, (errors.__doc__ or "").splitlines()):
        names = re.findall(r"\w+", line)
        if line.startswith(("├", "└")):
            parent = names.pop(0)
        above |= dict.fromkeys(names, parent)
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    made = [one for one in kinds if one.__module__ == errors.__name__]
    assert {one.__name__ for one in made} == set(above)
    for one in made:
        assert above[one.__name__] in {parent.__name__ for parent in one.__mro__}
