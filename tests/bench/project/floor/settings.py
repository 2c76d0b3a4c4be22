"""The same tables as ours, which are written past it."""

from engine.settings import *  # noqa: F403 - settings are a namespace
