"""The grammar of expressions, read by descent, typed while it is read.

expr := or ;  or := and ("or" and)* ;  and := not ("and" not)*
not  := "not" not | cmp
cmp  := term (op term)* | term ("is" | "is" "not") "None"
term := NAME | STRING | ["-"] NUMBER | "True" | "False" | "None"
| "[" list "]" | "(" list ")" | "(" expr ")"
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, NoReturn, cast

from workflow.conditions.lexer import Token, tokens, unquoted
from workflow.conditions.parts import (
    Both,
    Comparison,
    Constant,
    IsNone,
    Items,
    Name,
    Node,
    Not,
    Operator,
)
from workflow.conditions.problem import ConditionProblem
from workflow.conditions.types import Type

MOST_NODES = 64
MOST_DEPTH = 16
MOST_ITEMS = 100
MOST_DIGITS = 18
ORDERINGS = frozenset({"<", "<=", ">", ">="})
COMPARISONS = ORDERINGS | {"==", "!="}
ORDERED: frozenset[Type] = frozenset({"number", "string", "date"})
CONSTANTS: Mapping[str, tuple[bool | None, Type]] = {
    "True": (True, "boolean"),
    "False": (False, "boolean"),
    "None": (None, "none"),
}


def parse(text: str, names: Mapping[str, Type]) -> Node:
    """Return the tree of an expression; its `type` says what it is.

    Raises ConditionProblem, with the place, on what is not in the grammar.
    """
    parser = _Parser(tokens(text), names)
    node = parser.either()
    if parser.ahead.kind != "end":
        parser.refuse("This is not expected here.")
    return node


class _Parser:
    def __init__(self, words: list[Token], names: Mapping[str, Type]) -> None:
        self.words = words
        self.names = names
        self.index = 0
        self.nodes = 0
        self.depth = 0

    @property
    def ahead(self) -> Token:
        return self.words[self.index]

    def refuse(self, message: str, token: Token | None = None) -> NoReturn:
        token = token or self.ahead
        raise ConditionProblem(message, token.position, max(len(token.text), 1))

    def take(self) -> Token:
        token = self.ahead
        self.index += 1
        return token

    def taken(self, text: str) -> bool:
        """Take the word if it comes next."""
        if self.ahead.kind in {"name", "mark"} and self.ahead.text == text:
            self.index += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.taken(text):
            self.refuse(f"A {text!r} is missing here.")

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.refuse("The condition is too long.")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self.refuse("The condition is nested too deeply.")

    # The levels of the grammar, from the loosest to the tightest

    def either(self) -> Node:
        return self.joined("or", self.both)

    def both(self) -> Node:
        return self.joined("and", self.negation)

    def joined(self, word: Literal["and", "or"], part: Callable[[], Node]) -> Node:
        start = self.ahead
        first = part()
        operands = [first]
        while self.taken(word):
            operands.append(part())
        if len(operands) == 1:
            return first
        self.count()
        for operand in operands:
            require_boolean(operand)
        return Both(word, tuple(operands), start.position)

    def negation(self) -> Node:
        start = self.ahead
        if not self.taken("not"):
            return self.comparison()
        self.deeper()
        operand = self.negation()
        self.depth -= 1
        require_boolean(operand)
        self.count()
        return Not(operand, start.position)

    def comparison(self) -> Node:
        start = self.ahead
        first = self.term()
        if self.taken("is"):
            return self.is_none(first, start)
        rest: list[tuple[Operator, Node]] = []
        left = first
        while (operator := self.operator()) is not None:
            right = self.term()
            require_comparable(left, operator, right)
            rest.append((operator, right))
            left = right
        if not rest:
            return first
        self.count()
        return Comparison(first, tuple(rest), start.position)

    def is_none(self, operand: Node, start: Token) -> Node:
        negated = self.taken("not")
        self.expect("None")
        self.count()
        return IsNone(operand, negated, start.position)

    def operator(self) -> Operator | None:
        if self.ahead.text in COMPARISONS and self.ahead.kind == "mark":
            return cast("Operator", self.take().text)
        if self.taken("in"):
            return "in"
        if self.ahead.text == "not" and self.words[self.index + 1].text == "in":
            self.index += 2
            return "not in"
        return None

    def term(self) -> Node:
        self.count()
        token = self.ahead
        if token.kind == "string":
            self.take()
            return Constant(unquoted(token), "string", token.position)
        if token.kind == "number" or token.text == "-":
            return self.number()
        if token.kind == "name":
            return self.name()
        if self.taken("["):
            return self.items("]", token)
        if not self.taken("("):
            self.refuse("A value is missing here.")
        return self.bracket(token)

    def number(self) -> Node:
        start = self.ahead
        sign = -1 if self.taken("-") else 1
        if self.ahead.kind != "number":
            self.refuse("A number is missing here.")
        token = self.take()
        if len(token.text) > MOST_DIGITS:
            self.refuse("The number is too long.", token)
        value = float(token.text) if "." in token.text else int(token.text)
        return Constant(sign * value, "number", start.position)

    def name(self) -> Node:
        token = self.take()
        if token.text in CONSTANTS:
            value, kind = CONSTANTS[token.text]
            return Constant(value, kind, token.position)
        if token.text not in self.names:
            self.refuse(f"{token.text!r} cannot be read in a condition.", token)
        return Name(token.text, self.names[token.text], token.position)

    def bracket(self, start: Token) -> Node:
        """Read `( expr )`, or a list in round brackets."""
        self.deeper()
        first = self.either()
        self.depth -= 1
        if self.taken(")"):
            return first
        return self.items(")", start, first)

    def items(self, closing: str, start: Token, *first: Node) -> Node:
        found = list(first)
        if found:
            self.expect(",")
        while not self.taken(closing):
            found.append(self.term())
            if len(found) > MOST_ITEMS:
                self.refuse("The list is too long.")
            if not self.taken(","):
                self.expect(closing)
                break
        return Items(tuple(found), start.position)


def require_boolean(node: Node) -> None:
    """Raise ConditionProblem where something else than true or false stands."""
    if node.type != "boolean":
        raise ConditionProblem("This is neither true nor false.", node.position)


def require_comparable(left: Node, operator: Operator, right: Node) -> None:
    """Raise ConditionProblem where the two cannot be compared like this."""
    if operator in {"in", "not in"}:
        require_contained(left, right)
        return
    if operator in ORDERINGS and not {left.type, right.type} <= {*ORDERED, "none"}:
        raise ConditionProblem("These have no order.", right.position)
    if not alike(left, right):
        message = f"A {left.type} is never compared with a {right.type}."
        raise ConditionProblem(message, right.position)


def require_contained(left: Node, right: Node) -> None:
    if isinstance(right, Items):
        for item in right.items:
            if not alike(left, item):
                message = f"A {left.type} is never a {item.type}."
                raise ConditionProblem(message, item.position)
    elif not (left.type == right.type == "string"):
        raise ConditionProblem("A list is missing here.", right.position)


def alike(left: Node, right: Node) -> bool:
    if "none" in {left.type, right.type}:
        return True
    if "list" in {left.type, right.type}:
        return False
    return (
        left.type == right.type or is_day(left, right.type) or is_day(right, left.type)
    )


def is_day(node: Node, other: Type) -> bool:
    """Tell whether the node is a day written as text, beside a date."""
    if other != "date" or not isinstance(node, Constant):
        return False
    try:
        date.fromisoformat(str(node.value))
    except ValueError:
        raise ConditionProblem(
            "Write the day like '2026-03-31'.", node.position
        ) from None
    return True
