"""An operator types something wrong: one line, the right code, nothing half made."""

import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.models import MailMessage, User
from tenants.context import use, use_control
from tests.accounts.conftest import GOOD_PASSWORD
from tests.tenants.worker import ROOT


def fails(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
    return caught.value.returncode, str(caught.value)


# make_jwt_key


@pytest.fixture
def key_dir(settings, tmp_path) -> Path:
    settings.JWT_KEY_DIR = tmp_path / "keys"
    return settings.JWT_KEY_DIR


def test_a_place_that_cannot_be_written_is_one_line(key_dir):
    key_dir.write_text("a file")
    assert fails("make_jwt_key") == (1, f"{key_dir}: File exists.")
    assert key_dir.read_text() == "a file"


@pytest.mark.parametrize("rotate", [(), ("--rotate",)])
def test_a_key_that_the_settings_could_not_use_is_not_made(key_dir, rotate):
    keys.make()
    before = {path.name: path.read_bytes() for path in key_dir.iterdir()}
    code, line = fails("make_jwt_key", "--algorithm", "EdDSA", *rotate)
    assert (code, "JWT_ALGORITHM'] is RS256" in line) == (2, True)
    assert {path.name: path.read_bytes() for path in key_dir.iterdir()} == before


def test_a_pair_of_another_algorithm_is_not_rotated(key_dir):
    keys.make("EdDSA")
    before = sorted(key_dir.iterdir())
    code, line = fails("make_jwt_key", "--rotate")
    assert (code, line[:29]) == (1, "The signing key is for EdDSA,")
    assert sorted(key_dir.iterdir()) == before


def test_a_broken_key_is_named_and_left_alone(key_dir):
    key_dir.mkdir()
    broken = key_dir / keys.PRIVATE_NAME
    broken.write_text("nonsense")
    code, line = fails("make_jwt_key", "--rotate")
    assert (code, line) == (1, f"{broken} cannot be read as a key; move it away.")
    assert broken.read_text() == "nonsense"


def test_a_pair_that_the_settings_overrule_is_told(key_dir, settings):
    settings.JWT_PRIVATE_KEY = settings.JWT_PUBLIC_KEY = "a key of the environment"
    said = io.StringIO()
    call_command("make_jwt_key", stdout=io.StringIO(), stderr=said)
    assert "It signs nothing while JWT_PRIVATE_KEY" in said.getvalue()


# preview_mail


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nonsense", "--tenant", "acme", "--out", "x"), (1, "invalid choice")),
        (("reset_code", "--tenant", "acme"), (1, "--out")),
        (("--tenant", "acme", "--out", "x"), (1, "NAME")),
        (("reset_code", "--out", "x"), (2, "--tenant")),
        (("reset_code", "--tenant", "nobody", "--out", "x"), (3, "nobody")),
    ],
    ids=str,
)
def test_a_preview_of_nothing_is_no_preview(acme, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    found, line = fails("preview_mail", *words)
    assert (found, says[1] in line) == (says[0], True)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_language_is_refused_with_those_there_are(acme, tmp_path):
    out = str(tmp_path / "out")
    words = ("reset_code", "--tenant", "acme", "--out", out, "--language", "xx")
    assert "zh-hant" in fails("preview_mail", *words)[1]
    assert not Path(out).exists()


def test_a_preview_that_cannot_be_written_whole_is_not_there(acme, tmp_path):
    (tmp_path / "reset_code.txt").mkdir()
    words = ("reset_code", "--tenant", "acme", "--out", str(tmp_path))
    line = f"{tmp_path}/reset_code.txt: Is a directory."
    assert fails("preview_mail", *words) == (1, line)
    assert [path.name for path in tmp_path.iterdir()] == ["reset_code.txt"]


def test_a_file_where_the_folder_should_be_is_one_line(acme, tmp_path):
    file = tmp_path / "file"
    file.touch()
    words = ("preview_mail", "reset_code", "--tenant", "acme", "--out", f"{file}/x")
    assert fails(*words) == (1, f"{file}/x: Not a directory.")


# create_operator


def made(typed: str, *words: str) -> tuple[int, str]:
    with mock.patch("sys.stdin", io.StringIO(typed)):
        return fails("create_operator", *words)


@pytest.mark.parametrize(
    ("username", "email", "password"),
    [
        ("", "o@x.org", GOOD_PASSWORD),
        ("  ", "o@x.org", GOOD_PASSWORD),
        ("olga\x01", "o@x.org", GOOD_PASSWORD),
        ("olga\udcff", "o@x.org", GOOD_PASSWORD),
        ("x" * 151, "o@x.org", GOOD_PASSWORD),
        ("<b>olga", "o@x.org", GOOD_PASSWORD),
        ("olga@elsewhere.org", "o@x.org", GOOD_PASSWORD),
        ("olga", "nonsense", GOOD_PASSWORD),
        ("olga", "", GOOD_PASSWORD),
        ("olga", "o\udcff@x.org", GOOD_PASSWORD),
        ("olga", "o@x.org", ""),
        ("olga", "o@x.org", "\udcff\udcfe" * 10),
    ],
)
def test_what_cannot_be_an_operator_is_wrong_usage(db, username, email, password):
    words = ["--username", username, "--email", email, "--password-stdin"]
    code, line = made(f"{password}\n", *words)
    assert (code, "\n" in line) == (2, False)
    with use_control():
        assert not User.objects.filter(is_superuser=True).exists()


def test_a_taken_name_or_address_is_refused(db):
    words = ["--username", "olga", "--email", "o@x.org", "--password-stdin"]
    with mock.patch("sys.stdin", io.StringIO(f"{GOOD_PASSWORD}\n")):
        call_command("create_operator", *words, stdout=io.StringIO())
    code, line = made(f"{GOOD_PASSWORD}\n", *words)
    assert (code, line) == (4, "This name or address has an account already.")


def test_with_nobody_to_ask_it_ends_at_once(db):
    assert made("")[0] == 2
    words = ("--username", "olga", "--email", "o@x.org")
    code, line = made("", *words)
    assert (code, line) == (2, "There is nobody to ask: use --password-stdin.")


# mails and purging


def test_a_test_mail_to_no_address_writes_no_row(acme):
    with use(acme):
        before = MailMessage.objects.count()
    for address in ("", "nobody", "a@x.org\nBcc: b@x.org", "a@x.org; b@x.org"):
        assert fails("send_test_mail", address, "--tenant", "acme")[0] == 2
    with use(acme):
        assert MailMessage.objects.count() == before


def test_a_server_that_is_down_is_told_and_tried_again(acme, smtp, settings):
    settings.EMAIL_PORT = 9
    code, line = fails("send_test_mail", "ops@x.org", "--tenant", "acme")
    assert (code, line[:26]) == (1, "Not sent yet: not reached:")
    with use(acme):
        assert MailMessage.objects.latest("id").state == "deferred"


def test_options_that_exclude_each_other_purge_nothing(acme):
    words = ("purge_accounts", "--tenant", "acme", "--all-tenants")
    assert fails(*words) == (2, "Use --tenant or --all-tenants.")


@pytest.mark.parametrize("command", ["purge_accounts", "mail_config"])
def test_a_variable_that_cannot_be_read_is_one_line(command):
    run = subprocess.run(
        [sys.executable, ROOT / "manage.py", command],
        env={**os.environ, "MAIL_LOG_DAYS": "many", "PYTHONPATH": path()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = "BadVariable: MAIL_LOG_DAYS is 'many'; use a whole number.\n"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", said)


def path() -> str:
    return os.pathsep.join(map(str, (ROOT, ROOT / "platform")))
