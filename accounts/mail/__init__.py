"""Mail: a row written with the change it belongs to, sent by a worker after it."""

from accounts.mail.composing import put
from accounts.mail.languages import spoken_to

__all__ = ["put", "spoken_to"]
