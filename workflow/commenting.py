"""Remarks beside the work: who may see it may say something about it."""

from typing import Any

from workflow import inputs, steps
from workflow.acting import require_version
from workflow.errors import CommentInvalid
from workflow.models import Comment, ProcessInstance, WorkItem
from workflow.steps import Step


def comment_on(
    instance: ProcessInstance,
    *,
    text: str,
    by: Any,
    item: WorkItem | None = None,
    seen: int | None = None,
) -> Comment:
    """Write a remark about an instance, or about one piece of its work.

    Also about what has ended. The audit names the remark and does not repeat it.
    `seen` is the number of the last remark that the writer has read: where their same
    words stand after it, these are returned and nothing is written.
    Raises CommentInvalid, VersionMismatch, and InstanceNotFound where the caller sees
    no such instance.
    """
    text = text.strip()
    if not text:
        raise CommentInvalid
    inputs.require_comment(text)
    written: list[Comment] = []

    def decide(step: Step) -> None:
        require_version(item or instance, item or step.instance)
        # Asked in the step: of two that write the same words, the later one sees them.
        written[:] = said_since(seen, instance=instance, item=item, by=by, text=text)
        if written:
            return
        comment = Comment.objects.create(
            instance=step.instance,
            workitem=item,
            author=by,
            text=text,
            created_at=step.now,
        )
        action = "workitem.commented" if item else "instance.commented"
        step.event(action, item, comment_id=comment.pk)
        written[:] = [comment]

    steps.run(lambda: steps.read_instance(instance.pk, by=by), decide)
    return written[0]


def said_since(
    seen: int | None,
    *,
    instance: ProcessInstance,
    item: WorkItem | None,
    by: Any,
    text: str,
) -> list[Comment]:
    """Return the remark that says the same, if its writer sent it twice."""
    if seen is None:
        return []
    rows = Comment.objects.filter(instance=instance, workitem=item, author=by)
    return list(rows.filter(text=text, pk__gt=seen)[:1])
