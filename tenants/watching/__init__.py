"""How all tenants are: a check-up, an hourly survey, and their sizes."""
