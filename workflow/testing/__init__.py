"""Drive a process in a test, with a clock of its own, and assert where it went.

    instance = process.start("leave", as_=alice, document=request)
    instance.complete("request", as_=alice)
    instance.advance("3d")
    instance.assert_waiting_at("decide")

For tests only; nothing that serves imports it.
A project lists `workflow.testing.plugin` in its `pytest_plugins` and says with a
fixture `process_tenant` whose processes are meant.
"""

from workflow.testing.driving import Driven, Processes
from workflow.testing.failing import ForcedFailure

__all__ = ["Driven", "ForcedFailure", "Processes"]
