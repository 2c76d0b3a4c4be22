"""The languages a person may choose, under their own names."""

from types import MappingProxyType

from accounts.errors import LanguageUnknown

LANGUAGES = MappingProxyType(
    {
        "en": "English",
        "de": "Deutsch",
        "es": "Español",
        "fr": "Français",
        "it": "Italiano",
        "ja": "日本語",
        "zh-hans": "简体中文",
        "zh-hant": "繁體中文",
    }
)


def require_known(language: str) -> None:
    """Raise LanguageUnknown for a language there is none of; empty is none chosen."""
    if language and language not in LANGUAGES:
        raise LanguageUnknown
