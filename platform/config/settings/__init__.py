"""The settings: `DJANGO_ENV` chooses development (default), test or production."""

from kernel import env

ENVIRONMENT = env.choice(
    "DJANGO_ENV", "development", of=("development", "test", "production")
)

if ENVIRONMENT == "production":
    from config.settings.production import *  # noqa: F403 - settings are a namespace
elif ENVIRONMENT == "test":
    from config.settings.test import *  # noqa: F403 - as above
else:
    from config.settings.development import *  # noqa: F403 - as above
