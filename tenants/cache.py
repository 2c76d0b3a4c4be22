"""The cache key function: whose value it is stands in the key."""

from tenants.context import Control, current


def key(key: str, key_prefix: str, version: int) -> str:
    """Return a key that no other tenant can have; uuids are never given away."""
    context = current()
    owner = "control" if isinstance(context, Control) else context.uuid
    return f"{key_prefix}:{owner}:{version}:{key}"
