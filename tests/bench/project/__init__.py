"""What runs in each peer's own environment; this folder stands on its path.

desk/        the models, the rows and the view, which all three share
alike.py     the settings that all three share
plain/       Django as it comes, with one schema
customers/   django-tenants as it comes
ours/        the tenancy of this checkout
"""
