"""What a fleet of tenants costs, and what its members cost each other."""
