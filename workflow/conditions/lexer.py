"""Words of an expression, each with its place."""

import re
from dataclasses import dataclass

from workflow.conditions.problem import ConditionProblem

PATTERN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?![\w.]))
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,|-)
    )""",
    re.VERBOSE | re.ASCII,
)
ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `kind` is number, string, name, mark or end."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Return the words of the text, and an end.

    Raises ConditionProblem at the first character that begins no word.
    """
    found: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = PATTERN.match(text, place)
        if match is None or match.lastgroup is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise ConditionProblem("This cannot be read here.", start)
        kind = match.lastgroup
        found.append(Token(kind, match.group(kind), match.start(kind)))
        place = match.end()
    found.append(Token("end", "", end))
    return found


def unquoted(token: Token) -> str:
    """Return the text of a string. Raises ConditionProblem on an unknown escape."""
    result: list[str] = []
    body = iter(enumerate(token.text[1:-1], token.position + 1))
    for place, char in body:
        if char != "\\":
            result.append(char)
            continue
        _, escaped = next(body)
        if escaped not in ESCAPES:
            raise ConditionProblem("This escape is not known.", place, 2)
        result.append(ESCAPES[escaped])
    return "".join(result)
