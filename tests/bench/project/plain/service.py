from desk.site import Site as Service  # noqa: F401 - what the worker looks for
