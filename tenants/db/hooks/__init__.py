"""Where Django's ORM asks whose an instance or a query is.

The hooks stand on Django's own base classes, so every model has them, whoever made it
and whenever; what becomes SQL is asked about once more, in `compiler.py`.
"""

from tenants.db.hooks import instances, marks, modules, relations, results


def install() -> None:
    """Put the hooks in their places; once, when the apps are loaded."""
    for part in (marks, instances, relations, results, modules):
        part.install()
