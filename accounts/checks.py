"""System checks of accounts: a dangerous setting is a message at start-up."""


def register() -> None:
    """Register the checks; called once, when the apps are ready."""
