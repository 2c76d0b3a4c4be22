"""The database backend: no statement without a context, and none in another's schema.

Loaded before the apps, so it imports no model.
"""
