"""What every app may lean on; imports no app."""
