"""`manage.py preview_mail`: three files, nothing sent."""

from email import message_from_bytes, policy

import pytest
from django.core.management import CommandError, call_command

from accounts.mail import samples
from accounts.models import MailMessage
from tenants.context import use
from tests.accounts import mails


def test_a_mail_is_written_in_the_tenants_brand_and_a_language(globex, tmp_path):
    with use(globex):
        mails.wear(mails.RICH)
        before = MailMessage.objects.count()
    out = tmp_path / "new"
    call_command("preview_mail", "reset_code", tenant="globex", language="fr", out=out)
    assert sorted(path.name for path in out.iterdir()) == [
        "reset_code.eml",
        "reset_code.html",
        "reset_code.txt",
    ]
    text = (out / "reset_code.txt").read_text("utf-8")
    assert "Utilisez ce code" in text
    assert samples.CODE in text
    assert 'lang="fr"' in (out / "reset_code.html").read_text("utf-8")
    eml = message_from_bytes(
        (out / "reset_code.eml").read_bytes(), policy=policy.default
    )
    assert eml["From"].startswith("Globex <")
    assert "Globex Corporation" in eml["Subject"]
    assert samples.CODE not in eml["Subject"]
    assert eml.get_body(("plain",)).get_content().strip() == text.strip()
    with use(globex):
        assert MailMessage.objects.count() == before


@pytest.mark.parametrize("wrong", [("nothing", "en"), ("reset_code", "tlh")])
def test_a_name_or_language_nobody_knows_is_said(acme, tmp_path, wrong):
    name, language = wrong
    with pytest.raises(CommandError):
        call_command(
            "preview_mail",
            name,
            "--tenant=acme",
            f"--language={language}",
            f"--out={tmp_path}",
        )
    assert list(tmp_path.iterdir()) == []
