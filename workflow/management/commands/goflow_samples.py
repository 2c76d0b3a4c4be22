"""`manage.py goflow_samples`: install the sample processes, where they are wanted."""

from typing import Any

from workflow import samples
from workflow.management.some import InSomeTenants, Told


class Command(InSomeTenants):
    help = "Publish `Sample process` and `test parallel workflow`; twice is once."

    def work(self, *args: Any, **options: Any) -> Told:  # noqa: ARG002 - Django's flags
        """Publish what is not there yet."""
        titles = [process.title for process in samples.install()]
        return Told(
            tuple(f"{title} is published." for title in titles), {"processes": titles}
        )
