"""The life of a tenant: its states, the moves between them, and the way out."""
