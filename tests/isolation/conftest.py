"""What the tests of isolation share: a mailbox of their own."""

import pytest


@pytest.fixture(autouse=True)
def mailbox_dir(settings, tmp_path) -> None:
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture(autouse=True)
def media_dir(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
