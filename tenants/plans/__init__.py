"""What a tenant may use: its plan, quotas, request rates and features."""
