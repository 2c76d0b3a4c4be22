"""Conditions of transitions: read once at save, evaluated without the database.

    normalise("APPROVED", fields={})        -> "eq:APPROVED"
    compiled("timeout:3d", fields={})       -> Timeout(timedelta(days=3))
    evaluate(condition, outcome="APPROVED", value=...)

Nothing here imports `django.db`, and no text is ever executed.
"""

from workflow.conditions.evaluation import FactMissing, evaluate
from workflow.conditions.normalisation import Normalised, compiled, normalise
from workflow.conditions.parts import (
    Always,
    Condition,
    Expression,
    OneOf,
    Timeout,
)
from workflow.conditions.problem import ConditionProblem
from workflow.conditions.types import FieldType

__all__ = [
    "Always",
    "Condition",
    "ConditionProblem",
    "Expression",
    "FactMissing",
    "FieldType",
    "Normalised",
    "OneOf",
    "Timeout",
    "compiled",
    "evaluate",
    "normalise",
]
