"""The isolation proof kit: twins, canaries, the credential matrix, the inventory.

For tests only; nothing that serves imports it.
A project lists `tenants.testing.plugin` in its `pytest_plugins` and writes one `Plan`.
"""
