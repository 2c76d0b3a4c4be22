"""The next release."""

from fleet_ours.settings import *  # noqa: F403 - settings are a namespace

MIGRATION_MODULES = {"estate": "estate.later"}
