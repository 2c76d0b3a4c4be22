from fleet_ours.making import make  # noqa: F401 - what the worker looks for
