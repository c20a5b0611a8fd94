#!/usr/bin/env python3
"""Make the catalogues of all languages anew: `python docs/make_catalogues.py`.

New sentences are added without a translation, those that are gone are removed, and what is translated is compiled. It
prints how many translations are missing; write them into `repcount/locale/*/LC_MESSAGES/repcount.po` and run it again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from repcount import messages
from repcount.coaching import phrases
from repcount.config import Config
from repcount.display import table
from repcount.language import ENGLISH, LANGUAGES
from repcount.reports import findings

PACKAGE = Path(__file__).parents[1] / "repcount"
LOCALE = PACKAGE / "locale"

_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "translate": None, "ngettext": (1, 2)}

_TABLES: list[Mapping[Any, str]] = [
    *(phrases._CUE_PHRASES, phrases._STAGE_TEXTS, phrases._PHASE_TEXTS),
    *(phrases._INSTRUCTIONS, phrases._SUMMARY_NAMES),
    *(messages.FLAG_WORDS, messages.REJECTION_SENTENCES, messages._WARNING_TEMPLATES, findings._WHY_PARTIAL),
]
"""Texts that are translated where they are looked up."""

_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Always the same, so that the same texts are the same files."""

_SPOKEN = "spoken"
_KANA = "ja"
"""The language with a second form of what is spoken: see `repcount.language.spoken`."""


def template(code: str) -> Catalog:
    """All texts to translate into a language."""
    catalogue = Catalog(
        code, project="repcount", version=".", charset="utf-8", fuzzy=False,
        header_comment=f"# repcount in {LANGUAGES[code]}.", creation_date=_DATE, revision_date=_DATE,
        last_translator="repcount", language_team=code,
        msgid_bugs_address="repcount", copyright_holder="repcount",
    )  # fmt: skip
    for text in sorted(_texts_of_the_package() | set(_table_texts()), key=str):
        catalogue.add(text, ("", "") if isinstance(text, tuple) else "")
    if code == _KANA:
        for phrase in sorted({*phrases._CUE_PHRASES.values(), "workout done, 1 rep"} - {"{n}"}):
            catalogue.add(phrase, "", context=_SPOKEN)
    return catalogue


@cache
def _texts_of_the_package() -> set[str | tuple[str, ...]]:
    """Those in the code and the templates, the same for all languages."""
    found = extract_from_dir(PACKAGE, _METHODS, keywords=_KEYWORDS)
    return {text for _, _, text, _, _ in found if text}


def _table_texts() -> Iterator[str]:
    for texts in _TABLES:
        yield from (text for text in texts.values() if text and text != "{n}")
    yield from (messages._SLOWER, messages._REJECTED, findings._SHORT_OF_TARGET)
    yield from (text for label, key in phrases._BUTTON_TEXTS.values() for text in (label, *([key] if key[1:] else [])))
    yield from (phrases._RESUME, phrases._END_REST, phrases._LEAVE_FULL_SCREEN, phrases._TERMINAL_KEYS)
    yield from (phrases._LYING_DOWN, phrases._SUMMARY_TITLE, phrases._SUMMARY_CLOSES)
    yield from (phrases._LAST_TIME, phrases._BEST, phrases._BEST_BEFORE)
    yield from (name for name in (heading.partition("\n")[0] for heading in table._LEFT_OUT) if name)
    yield from (item.metadata["about"] for item in fields(Config) if item.metadata)
    yield "set"


def path_of(code: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / code / "LC_MESSAGES" / "repcount.po"


def updated(code: str) -> Catalog:
    """The catalogue of a language with all texts, as far as they are translated."""
    catalogue, path = template(code), path_of(code)
    if path.is_file():
        with path.open("rb") as file:
            known = read_po(file, locale=code)
        for message in catalogue:
            old = known.get(message.id, message.context) if message.id else None
            if old is not None and old.string:
                message.string = old.string
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """The texts without a translation, in all their plural forms."""
    return [str(message.id) for message in catalogue if message.id and not _complete(message.string, catalogue)]


def _complete(string: str | list[str] | tuple[str, ...] | None, catalogue: Catalog) -> bool:
    forms = [string] if isinstance(string, str) else list(string or ())
    return bool(forms) and all(forms) and (isinstance(string, str) or len(forms) == catalogue.num_plurals)


def po_and_mo(catalogue: Catalog) -> tuple[bytes, bytes]:
    """The content of both files."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalogue, width=120, omit_header=False, sort_output=False)
    write_mo(mo, catalogue)
    return po.getvalue(), mo.getvalue()


def main() -> None:
    """Write the catalogues of all languages."""
    for code in LANGUAGES:
        if code != ENGLISH:
            catalogue, path = updated(code), path_of(code)
            path.parent.mkdir(parents=True, exist_ok=True)
            po, mo = po_and_mo(catalogue)
            path.write_bytes(po)
            path.with_suffix(".mo").write_bytes(mo)
            print(f"{code}: {len(untranslated(catalogue))} of {len(catalogue)} texts are not translated")


if __name__ == "__main__":
    main()
