from fleet_customers.service import Service  # noqa: F401 - what the worker looks for
