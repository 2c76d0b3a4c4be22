"""What holds after every step: the marking is what the rows say (B11)."""

from collections import Counter

from workflow import graph
from workflow.models import Incident, ProcessInstance, Timer, WorkItem
from workflow.models.work_item import LIVE
from workflow.routing import Marking


def require_whole(instance: ProcessInstance) -> None:
    """Assert that nothing of an instance is lost, doubled or stuck in silence."""
    instance.refresh_from_db()
    version = graph.of(instance.process)
    live = WorkItem.objects.filter(instance=instance, status__in=LIVE)
    marking = Marking.from_json(instance.marking)
    stand = Counter(marking.at)
    for key, rounds in marking.rounds.items():
        stand[key] += len(rounds)
    assert stand == Counter(version.key_of(item.activity_id) for item in live)
    require_one_way(instance, version)
    require_alive(instance, live)


def require_one_way(instance: ProcessInstance, version: graph.Graph) -> None:
    """Assert that each token that left an item made at most one item a way."""
    rows = WorkItem.objects.filter(instance=instance)
    made = Counter(
        (item.workitem_from_id, item.activity_id)
        for item in rows
        if item.workitem_from_id
    )
    assert set(made.values()) <= {1}, made
    for item in rows.filter(forwarded_at__isnull=False):
        node = version.node_of(item.activity_id)
        if node.split_mode == "xor":
            assert sum(1 for source, _ in made if source == item.pk) <= 1


def require_alive(instance: ProcessInstance, live: object) -> None:
    """Assert that what runs can go on: work, a timer, or an incident."""
    if instance.status != "running":
        assert not instance.marking.get("at"), instance.status
        return
    waits = Timer.objects.filter(instance=instance, state__in=("pending", "paused"))
    helped = Incident.objects.open().filter(instance=instance)
    open_work = WorkItem.objects.filter(
        instance=instance, status__in=("inactive", "active", "suspended")
    )
    children = ProcessInstance.objects.filter(
        parent_workitem__instance=instance, status__in=("running", "suspended")
    )
    assert open_work.exists() or waits.exists() or helped.exists() or children.exists()
