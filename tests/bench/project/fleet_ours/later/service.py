from fleet_ours.service import Service  # noqa: F401 - what the worker looks for
