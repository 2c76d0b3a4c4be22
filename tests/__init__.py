"""The tests; a package, since a dependency installs a stray top-level `tests`."""
