"""What the tests of isolation share: a mailbox of their own."""

import pytest


@pytest.fixture(autouse=True)
def mailbox_dir(settings, tmp_path) -> None:
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture(autouse=True)
def media_dir(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _wrong_tokens_are_not_stopped(settings) -> None:
    """Let each door refuse for itself: one client tries them all in a minute."""
    settings.ACCOUNTS_LIMITS = {"api_token.client": (100_000, 60)}
