"""Whether a transition can be taken: precondition, pre-hook and condition, in order."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from kernel.errors import ApplicationError
from workflow import handlers, variables
from workflow.conditions import FactMissing, evaluate
from workflow.errors import DataInvalid, HandlerFailed
from workflow.graph import Edge
from workflow.models import Transition, WorkItem
from workflow.steps import Step

logger = logging.getLogger(__name__)

#: How the name of a variable begins in a condition.
VARIABLES = "instance.data."


class Deciding:
    """Asks the transitions of one work item; the document is read at most once."""

    def __init__(self, step: Step, item: WorkItem) -> None:
        self.step = step
        self.item = item
        self._document: Any = None
        self._is_read = False

    @property
    def document(self) -> Any:
        """The document of the instance, or None where it is gone."""
        if not self._is_read:
            self._document = self.item.instance.content_object
            self._is_read = True
        return self._document

    def passes(self, edge: Edge) -> bool:
        """Say whether precondition, pre-hook and condition are all true."""
        answer = self.is_allowed(edge) and self.holds(edge)
        self.step.evaluated.append((edge, self.item, answer))
        return answer

    def is_allowed(self, edge: Edge) -> bool:
        """Say whether precondition and pre-hook let the transition be taken."""
        if edge.precondition:
            predicate = handlers.preconditions.get(edge.precondition)
            self.step.together()
            if not called(edge.precondition, predicate, self.document, self.item):
                return False
        if edge.pre_hook:
            hook = handlers.hooks.get(edge.pre_hook)
            self.step.together()
            answer = called(edge.pre_hook, hook, self.item, transition_of(edge))
            return answer is not False
        return True

    def holds(self, edge: Edge) -> bool:
        """Evaluate the condition; what cannot be read is audited and not true."""
        try:
            return evaluate(
                edge.condition, outcome=self.item.condition, value=self.value
            )
        except FactMissing as problem:
            self.step.event(
                "transition.condition_error", self.item, edge=edge, message=str(problem)
            )
            return False

    def value(self, name: str) -> Any:
        """Return what a name of a condition holds. Raises FactMissing."""
        owner, _, rest = name.partition(".")
        if owner == "wfobject":
            return self.field(rest)
        if name.startswith(VARIABLES):
            return self.variable(name.removeprefix(VARIABLES))
        instance = self.item.instance
        known: dict[str, Callable[[], Any]] = {
            "instance.condition": lambda: self.item.condition,
            "instance.title": lambda: instance.title,
            "instance.user.username": lambda: instance.user.username,
            "instance.process_version": lambda: instance.process_version,
            "workitem.priority": lambda: self.item.priority,
            "workitem.activity.title": lambda: (
                self.step.graph.node_of(self.item.activity_id).title
            ),
        }
        return known[name]()

    def variable(self, name: str) -> Any:
        """Return a variable of the instance; None where it has no value.

        Raises FactMissing where the value is of another type than the process says.
        """
        kind = self.step.graph.data_schema.get(name)
        value = self.step.instance.data.get(name)
        try:
            variables.checked({name: kind}, {name: value})
        except DataInvalid as problem:
            raise FactMissing(problem.detail) from None
        if kind == "date" and value is not None:
            return date.fromisoformat(value)
        return value

    def field(self, name: str) -> Any:
        """Return a registered field of the document. Raises FactMissing."""
        document = self.document
        if document is None:
            raise FactMissing("The document is gone.")
        if name not in handlers.document_of(document).fields:
            raise FactMissing(f"The document has no field {name!r} for conditions.")
        value = getattr(document, name)
        if callable(value):
            raise FactMissing(f"The field {name!r} of the document is no value.")
        return value


def called(name: str, handler: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a registered handler.

    An ApplicationError of the handler is its answer to the caller; anything else
    raises HandlerFailed.
    """
    try:
        return handler(*args, **kwargs)
    except ApplicationError:
        raise
    except Exception as problem:
        logger.exception("workflow.handler_failed", extra={"handler": name})
        raise HandlerFailed(extra={"handler": name}) from problem


def transition_of(edge: Edge) -> Transition:
    """Return a transition for a handler to look at, without reading it."""
    return Transition(
        id=edge.id,
        key=edge.key,
        name=edge.name,
        condition=edge.text,
        is_default=edge.is_default,
        order=edge.order,
    )
