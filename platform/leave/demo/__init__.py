"""The demo: two tenants, their people, and leave requests at every place.

Development only, since everybody knows the passwords.
"""

from leave.demo.seeding import seed

__all__ = ["seed"]
