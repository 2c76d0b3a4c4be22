"""The seed's name of `make_jwt_key`."""

from accounts.management.commands.make_jwt_key import Command

__all__ = ["Command"]
