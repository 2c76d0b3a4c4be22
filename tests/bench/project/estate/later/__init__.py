"""The migrations of the next release: all of this one, and one more."""

from estate import migrations

__path__ = [*migrations.__path__, *__path__]
