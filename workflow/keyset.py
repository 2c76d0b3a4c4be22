"""Pages of a list by key, as the kernel makes them."""

from kernel.pagination import Newest, before_of, newest

__all__ = ["Newest", "before_of", "newest"]
