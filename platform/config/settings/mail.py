"""How mail leaves, under the seed's names; its old names count with a warning."""

from kernel import env

#: Old names of variables, with what they are called now.
OLD_NAMES = {
    "ENABLE_MAILGUN": "ENABLE_EMAIL_DELIVERY",
    "MAILGUN_API_KEY": "EMAIL_API_KEY",
    "MAILGUN_BCC_RECIPIENTS": "BCC_RECIPIENTS",
    "MAILGUN_COMPANY_NAME": "EMAIL_FROM",
    "MAILGUN_DOMAIN": "EMAIL_DOMAIN",
    "MAILGUN_LOG_RESPONSE_TEXT": "EMAIL_LOG_RESPONSE_TEXT",
}
for old, new in OLD_NAMES.items():
    env.take_over(old, new)

#: None where nobody said anything: then WORKFLOWS may say it.
ENABLE_EMAIL_DELIVERY = (
    env.flag("ENABLE_EMAIL_DELIVERY") if env.is_set("ENABLE_EMAIL_DELIVERY") else None
)
EMAIL_DELIVERY_PROVIDER = env.text("EMAIL_DELIVERY_PROVIDER")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL")
EMAIL_FROM = env.text("EMAIL_FROM") or DEFAULT_FROM_EMAIL
EMAIL_REPLY_TO = env.text("EMAIL_REPLY_TO")
BCC_RECIPIENTS = env.text("BCC_RECIPIENTS")

# Mailgun

EMAIL_REGION = env.text("EMAIL_REGION", "us")
EMAIL_DOMAIN = env.text("EMAIL_DOMAIN")
EMAIL_API_KEY = env.text("EMAIL_API_KEY")
#: Another place than the region's: a relay of yours, or a stand-in of the tests.
EMAIL_API_URL = env.text("EMAIL_API_URL")
EMAIL_LOG_RESPONSE_TEXT = env.flag("EMAIL_LOG_RESPONSE_TEXT")

# SMTP and Mailpit

MAILBOX_BACKEND = "accounts.mail.devbox.EmailBackend"
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
#: Whoever names a server, or Mailpit, wants it; the rest of development reads files.
HAS_SMTP_SERVER = (
    bool(env.text("EMAIL_HOST") or env.text("EMAIL_PORT"))
    or EMAIL_DELIVERY_PROVIDER.lower() == "mailpit"
)


def backend(*, development: bool) -> str:
    """Return the backend of Django that carries mail by smtp and mailpit."""
    is_kept = development and not HAS_SMTP_SERVER
    return env.text("EMAIL_BACKEND") or (MAILBOX_BACKEND if is_kept else SMTP_BACKEND)


EMAIL_BACKEND = backend(development=False)
EMAIL_HOST = env.text("EMAIL_HOST") or "localhost"
EMAIL_PORT = env.number("EMAIL_PORT", 25, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 10
