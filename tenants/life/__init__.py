"""The life of a tenant: what each of its states does, and the moves people ask for.

The states, and how any move is made, are in `tenants.states`.
"""
