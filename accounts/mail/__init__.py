"""Mail: a row written with the change it belongs to, sent by a worker after it."""

from accounts.mail.composing import put

__all__ = ["put"]
