"""The preparation runs again when the project or the cluster is another one."""

import os

import pytest

from kernel.embedded import prepared


@pytest.fixture
def project(tmp_path):
    for name in ("manage.py", "platform/leave/demo.py", "tenants/migrations/0001.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "pg18").mkdir()
    (tmp_path / "pg18" / "PG_VERSION").touch()
    return tmp_path


def mark(project):
    return prepared.fingerprint(project, project / "pg18")


def test_the_same_project_and_cluster_have_the_same_mark(project):
    (project / "platform" / "__pycache__").mkdir()
    before = mark(project)
    (project / "platform" / "__pycache__" / "x.pyc").touch()
    (project / "README.md").touch()

    assert mark(project) == before


def test_a_changed_a_new_and_a_removed_source_each_change_the_mark(project):
    marks = {mark(project)}
    source = project / "platform" / "leave" / "demo.py"
    source.write_text("changed")
    marks.add(mark(project))
    (project / "tenants" / "migrations" / "0002.py").touch()
    marks.add(mark(project))
    source.unlink()
    marks.add(mark(project))

    assert len(marks) == 4


def test_another_cluster_changes_the_mark(project):
    before = mark(project)
    os.utime(project / "pg18" / "PG_VERSION", ns=(1, 1))

    assert mark(project) != before


def test_a_note_is_believed_only_word_for_word(tmp_path):
    note = tmp_path / "prepared"
    assert not prepared.is_noted(note, "one")

    prepared.write_note(note, "one")

    assert prepared.is_noted(note, "one")
    assert not prepared.is_noted(note, "two")
