"""The language in which people are spoken to: gettext catalogues, and which of them is in use.

Only what a person hears or reads is translated. JSON, CSV and settings stay English and codes.
"""

from __future__ import annotations

import gettext as _gettext
import locale
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from repcount.errors import SettingError

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "français",
    "es": "español",
    "pt": "português",
    "it": "italiano",
    "zh": "中文",
    "ja": "日本語",
    "ko": "한국어",
    "hi": "हिन्दी",
}
"""Each language by its code, with its own name."""

ENGLISH = "en"

VARIABLE = "REPCOUNT_LANGUAGE"
"""The environment variable with the code; processes that we start take the language over through it."""

_CATALOGUES = Path(__file__).parent / "locale"

_DECIMAL_COMMA = {"de", "fr", "es", "pt", "it"}

_current: str | None = None


def current() -> str:
    """The code of the language in use: what was set, or else $REPCOUNT_LANGUAGE, or else English."""
    code = _current or os.environ.get(VARIABLE, ENGLISH)
    return code if code in LANGUAGES else ENGLISH


def choose(code: str | None) -> None:
    """Use a language, here and in processes started from now on; None is the system's. Raises SettingError."""
    global _current
    if code is not None and code not in LANGUAGES:
        raise SettingError(f"language is {code!r}; it must be one of {', '.join(LANGUAGES)}")
    _current = code or os.environ.get(VARIABLE) or system_language()
    os.environ[VARIABLE] = _current


@contextmanager
def using(code: str) -> Iterator[None]:
    """Use a language within the block, in this process alone."""
    global _current
    before, _current = _current, code
    try:
        yield
    finally:
        _current = before


def system_language() -> str:
    """The language of the system if there is a catalogue for it; English otherwise."""
    for name in _system_locales():
        code = name.replace("-", "_").partition("_")[0].lower()
        if code in LANGUAGES:
            return code
        if code not in ("", "c", "posix", "c.utf"):
            return ENGLISH
    return ENGLISH


def _system_locales() -> Iterator[str]:
    """The names of the user's locale, as gettext looks for them, the most important first."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        yield from os.environ.get(variable, "").split(":")
    if sys.platform == "win32":
        import ctypes

        yield locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(code: str) -> _gettext.NullTranslations:
    """The translations of a language; English needs none."""
    if code == ENGLISH:
        return _gettext.NullTranslations()
    return _gettext.translation("repcount", _CATALOGUES, [code])


def gettext(text: str) -> str:
    """`text` in the language in use."""
    return catalogue(current()).gettext(text) if text else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form for `number`, in the language in use; `{n}` stays in it."""
    return catalogue(current()).ngettext(singular, plural, number)


def spoken(text: str) -> str:
    """`text` for the voice: as `gettext`, but in kana in Japanese, because espeak-ng skips kanji."""
    read = catalogue(current()).pgettext("spoken", text)
    return gettext(text) if read == text else read


def number(value: float, digits: int) -> str:
    """A number with the decimal separator of the language in use, never minus zero."""
    return _with_separator(f"{value:z.{digits}f}")


def _with_separator(text: str) -> str:
    return text.replace(".", ",") if current() in _DECIMAL_COMMA else text


class _Decimals(Formatter):
    """Fills in numbers with the decimal separator of the language in use."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return _with_separator(text) if isinstance(value, float) else text


def fill(text: str, numbers: Mapping[str, float]) -> str:
    """`text`, in the language in use, with its numbers."""
    return _Decimals().vformat(text, (), numbers)
