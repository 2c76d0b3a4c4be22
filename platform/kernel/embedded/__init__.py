"""The embedded PostgreSQL and Valkey, and `make demo`; no Django and no settings in it.

`python -m kernel.embedded --help` lists what a shell can ask for.
"""
