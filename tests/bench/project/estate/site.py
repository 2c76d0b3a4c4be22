"""What both sides are asked: make a tenant, serve its first page, change them all."""

import gc
import time
from abc import ABC, abstractmethod

from desk.pages import get
from django.core.wsgi import get_wsgi_application

PAGE = "/estate/"


class Fleet(ABC):
    """Tenants that come and are changed; each answer is a number of nanoseconds."""

    page = PAGE

    def __init__(self) -> None:
        self.application = get_wsgi_application()

    def arrive(self, slug: str) -> int:
        """Return the time from a confirmed sign-up to the first page served."""
        gc.collect()
        begun = time.perf_counter_ns()
        self.make(slug)
        get(self.application, f"{slug}.localhost", self.page)
        return time.perf_counter_ns() - begun

    def migrate(self) -> int:
        """Return the time in which all schemas come to the code's migrations."""
        gc.collect()
        begun = time.perf_counter_ns()
        self.migrate_all()
        return time.perf_counter_ns() - begun

    @abstractmethod
    def make(self, slug: str) -> None: ...

    @abstractmethod
    def migrate_all(self) -> None: ...
