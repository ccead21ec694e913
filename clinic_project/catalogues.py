"""The catalogues of translated sentences: found in code and templates, kept in ``locale/``, compiled. Babel does it, so that
no program of the system (gettext) is needed."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
SOURCES = ("clinics", "patients", "appointments", "queue", "payments", "realtime", "clinic_project")
_GAP = re.compile(r"%\(\w+\)s|\{\w*\}")


def _sources() -> Iterator[tuple[Path, str, str]]:
    """Each file to look into, the way to read it and its text."""
    for app in SOURCES:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, "python", path.read_text()
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        # Django turns a template into something that looks like a program in C; Babel's most tolerant reader takes it.
        yield path, "javascript", templatize(path.read_text(), origin=str(path))


def collect() -> Catalog:
    """All sentences that are marked for translation."""
    found = Catalog(project="clinic-front-desk", charset="utf-8")
    for path, method, text in _sources():
        source = io.BytesIO(text.encode())
        for _line, message, comments, context in extract(
            method, source, keywords=KEYWORDS, comment_tags=["Translators:"], options={"encoding": "utf-8"}
        ):
            place = [(str(path.relative_to(settings.BASE_DIR)), 0)]
            found.add(message, locations=place, auto_comments=comments, context=context)
    return found


def _files() -> Iterator[tuple[str, Path]]:
    for code, _name in settings.LANGUAGES:
        if code != settings.LANGUAGE_CODE:
            yield code, settings.BASE_DIR / "locale" / code / "LC_MESSAGES" / "django.po"


def _read(path: Path, code: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=code, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def renew() -> list[Path]:
    """Bring the catalogues up to date: new sentences come without a translation, old ones go. Returns what was written."""
    template = collect()
    written = []
    for code, path in _files():
        catalogue = _read(path, code)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _head(catalogue)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            # Without lines: a catalogue that changes with every edit of a file hides its own changes.
            write_po(file, catalogue, sort_output=True, width=120, include_lineno=False)
        path.with_suffix(".mo").write_bytes(_compiled(catalogue))
        written.append(path)
    return written


def _head(catalogue: Catalog) -> None:
    """Nothing in it that changes by itself: a renewed catalogue differs only where sentences do."""
    catalogue.header_comment = "# Written by `manage.py messages`; the translations are written here, by people."
    catalogue.fuzzy = False
    catalogue.creation_date = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    catalogue.mime_headers = [
        ("Language", str(catalogue.locale)),
        ("Plural-Forms", catalogue.plural_forms),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]


def _compiled(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def gaps() -> list[str]:
    """What is missing: sentences without a translation, with other gaps to fill than the original, or not compiled."""
    template = collect()
    found = []
    for code, path in _files():
        catalogue = _read(path, code)
        for message in template:
            if message.id:
                found += [
                    f"{code}: {why}: {message.id!r}" for why in _faults(message, catalogue.get(message.id, message.context))
                ]
        for message in catalogue:
            if message.id and template.get(message.id, message.context) is None:
                found.append(f"{code}: nobody says this any more: {message.id!r}")
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.read_bytes() != _compiled(catalogue):
            found.append(f"{code}: {compiled.name} isn't what {path.name} says")
    return found


def _forms(text: Any) -> list[str | None]:
    return list(text) if isinstance(text, (tuple, list)) else [text]


def _faults(message: Message, translated: Message | None) -> Iterator[str]:
    if translated is None:
        yield "not collected"
        return
    texts = [text or "" for text in _forms(translated.string)]
    if not all(texts) or translated.fuzzy:
        yield "not translated"
        return
    wanted = set(_GAP.findall(_forms(message.id)[-1] or ""))
    # A form for "one" or "two" may say the number in a word.
    if any(set(_GAP.findall(text)) - wanted for text in texts) or set(_GAP.findall(texts[-1])) != wanted:
        yield "other gaps to fill"
