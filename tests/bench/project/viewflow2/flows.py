"""Three human tasks after one another.

With the lock that its documentation recommends for PostgreSQL: without one, two
completions at once could both go on, which ours never lets happen.
Nobody is assigned at first, so that taking a task is a move of its own, as in ours.
"""

from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.flow import views


class ThreeFlow(flow.Flow):
    lock_impl = lock.select_for_update_lock

    start = flow.StartHandle().Next(this.first)
    first = flow.View(views.UpdateProcessView.as_view(fields=[])).Next(this.second)
    second = flow.View(views.UpdateProcessView.as_view(fields=[])).Next(this.third)
    third = flow.View(views.UpdateProcessView.as_view(fields=[])).Next(this.end)
    end = flow.End()
