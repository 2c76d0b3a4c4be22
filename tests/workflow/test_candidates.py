"""Groups and people that an activity names restrict, each by itself (R64)."""

import pytest

from tests.workflow.processes import approval, at, do, sent_for_approval
from workflow.errors import NotCandidate

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.mark.parametrize(
    "named",
    [
        {"allowed_users": ("bob",)},
        {"allowed_groups": ("Managers",)},
        {"roles": ("Managers",)},
    ],
)
def test_r64_users_alone_and_groups_alone_restrict(installed, alice, bob, carol, named):
    installed(approval(**named))
    item = sent_for_approval(alice, bob)
    with pytest.raises(NotCandidate):
        item.activate(carol)
    item = at(item.instance, "approve")
    assert (item.status, item.user_id) == ("inactive", None)
    do(item, bob, "APPROVED")
    assert item.instance.status == "complete"
