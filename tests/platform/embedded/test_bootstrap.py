"""The first step of every make target: a .venv as the lock says."""

import fcntl
import json
import subprocess
import sys
import threading

import pytest

from kernel.embedded import bootstrap
from tests.platform.embedded.running import ROOT


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A .venv of which only the notes are real."""
    place = tmp_path / ".venv"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
    monkeypatch.setattr(bootstrap, "VENV", place)
    monkeypatch.setattr(bootstrap, "STAMP", place / "tenantry.json")
    monkeypatch.setattr(bootstrap, "LOG", place / "install.log")
    return place


def test_an_old_python_is_told_which_one_is_needed(monkeypatch):
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))

    with pytest.raises(bootstrap.Failed, match=r"needs Python 3\.11 or later"):
        bootstrap.require_python()


def test_a_python_without_venv_is_told_which_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(bootstrap.Failed, match="apt install python3-venv"):
        bootstrap.require_python()


def test_a_venv_of_somebody_else_that_a_link_leads_to_is_left_alone(venv, monkeypatch):
    theirs = venv.rename(venv.with_name("theirs"))
    (theirs / "kept").touch()
    venv.symlink_to(theirs)

    bootstrap.make_venv({})

    assert (theirs / "kept").exists()
    assert not venv.is_symlink()
    assert (venv / "pyvenv.cfg").exists()


def test_an_older_python_can_read_the_script():
    source = (ROOT / "platform/kernel/embedded/bootstrap.py").read_text()

    assert compile(source, "bootstrap.py", "exec", dont_inherit=True)
    assert "match " not in source
    assert ":=" not in source


def test_a_venv_that_is_up_to_date_is_left_alone(venv, monkeypatch):
    bootstrap.STAMP.write_text(json.dumps(bootstrap.wanted()))
    monkeypatch.setattr(bootstrap, "run", pytest.fail)

    bootstrap.main()

    assert {path.name for path in venv.iterdir()} == {"bin", "tenantry.json"}


def test_other_packages_are_installed_into_the_same_venv(venv, monkeypatch):
    done = bootstrap.wanted() | {"packages": "others"}
    bootstrap.STAMP.write_text(json.dumps(done))
    runs = []
    monkeypatch.setattr(bootstrap, "run", lambda what, command: runs.append(what))

    bootstrap.main()

    assert runs == ["packages", "tenantry"]
    assert bootstrap.stamp() == bootstrap.wanted()


def test_a_changed_project_installs_no_package_again(venv, monkeypatch):
    done = bootstrap.wanted() | {"project": "another"}
    bootstrap.STAMP.write_text(json.dumps(done))
    runs = []
    monkeypatch.setattr(bootstrap, "run", lambda what, command: runs.append(what))

    bootstrap.main()

    assert runs == ["tenantry"]


def test_an_installation_that_was_broken_off_is_taken_up_again(venv, monkeypatch):
    bootstrap.STAMP.write_text(json.dumps({"place": str(ROOT)}))
    monkeypatch.setattr(bootstrap, "run", fails)

    with pytest.raises(bootstrap.Failed):
        bootstrap.main()

    assert bootstrap.stamp() == {"place": str(ROOT)}


def fails(what, command):
    raise bootstrap.Failed(what)


def test_a_failed_installation_shows_the_end_of_its_log(venv):
    command = [sys.executable, "-c", "import sys; sys.exit('no such package')"]

    with pytest.raises(
        bootstrap.Failed, match=r"could not install it \(see .*\):\nno such package"
    ):
        bootstrap.run("it", command)


@pytest.mark.usefixtures("venv")
def test_a_long_installation_is_never_silent(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "SILENT_FOR", 0.1)
    script = "import time; print('Collecting one'); time.sleep(0.5)"

    bootstrap.run("packages", [sys.executable, "-c", script])

    assert "installing packages, 1 of at most" in capsys.readouterr().out


def test_the_words_of_mails_are_made_where_they_are_missing_or_old(
    tmp_path, monkeypatch
):
    source = tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.touch()
    runs = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "run", lambda what, command: runs.append(what))

    bootstrap.make_words()
    assert runs == ["languages"]

    source.with_suffix(".mo").touch()
    bootstrap.make_words()
    assert runs == ["languages"]


def test_two_makes_take_turns(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "SILENT_FOR", 0.1)
    path = tmp_path / "lock"
    with path.open("w") as first, path.open() as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        release = threading.Timer(0.5, fcntl.flock, (first, fcntl.LOCK_UN))
        release.start()

        bootstrap.take_turns(second.fileno())
        release.join()

    assert "waiting for another make" in capsys.readouterr().out


def test_make_alone_lists_the_targets():
    answer = subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory"],
        capture_output=True,
        text=True,
        check=True,
    )

    listed = {line.split()[0] for line in answer.stdout.splitlines()}
    assert {"demo", "test", "lint", "smoke", "clean-data"} <= listed
