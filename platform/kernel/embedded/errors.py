"""What can go wrong with an embedded service, as one line for a person.

EmbeddedError
├── CannotStart     a server or a program did not come up, or died
└── InUse           the data or the port belong to a running process
"""


class EmbeddedError(Exception):
    """An embedded service cannot do what was asked."""


class CannotStart(EmbeddedError):
    """A server or a program did not come up."""


class InUse(EmbeddedError):
    """Another process runs on this data or this port."""
