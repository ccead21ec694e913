"""Nothing that a person reads is left out of translation, and everything is translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clinic_project import catalogues

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# What the socket and the checks say is for programs and for whoever runs the server; pages have words of their own for it.
MODULES = sorted(
    path
    for app in catalogues.SOURCES
    if app != "realtime"
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and path.name != "checks.py"
)

WORD = re.compile(r"[^\W\d_]{2,}")
_COMMENTS = re.compile(r"\{% translate .*?%\}|/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
READ_OUT = {"aria-label", "aria-description", "title", "placeholder", "alt"}


def test_everything_is_translated() -> None:
    assert catalogues.gaps() == []


# --- Templates ------------------------------------------------------------------------------------------------------


def without_tags(template: str) -> str:
    """The template without what Django puts in: what is left is written by hand, in one language."""
    blocks = r"\{%\s*(blocktranslate|comment)\b.*?\{%\s*end\1\s*%\}"
    attributes = r"\{% block \w+_(class|attributes) %\}.*?\{% endblock %\}"
    tags = r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
    for pattern in (blocks, attributes, tags):
        template = re.sub(pattern, "", template, flags=re.DOTALL)
    return template


class _Written(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.words += [value for name, value in attrs if name in READ_OUT and value and WORD.search(value)]

    def handle_data(self, data: str) -> None:
        if WORD.search(data) and self._inside not in ("script", "style", "kbd"):
            self.words.append(data.strip())


def words_in(template: str) -> list[str]:
    parser = _Written()
    parser.feed(without_tags(template))
    return parser.words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_says_a_word_in_one_language_only(path: Path) -> None:
    assert words_in(path.read_text()) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %} 12:00 · {{ name }}</p>', []),
        ('<button title="Close"></button>', ["Close"]),
        ('<button class="close" aria-label="{% translate "Close" %}">×</button>', []),
        ("{% blocktranslate %}One{% plural %}Many{% endblocktranslate %}", []),
        ("<style>p { color: red }</style>", []),
    ],
)
def test_what_counts_as_a_word_of_a_template(template: str, found: list[str]) -> None:
    assert words_in(template) == found


STYLES = sorted((ROOT / "static/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/dashboards").rglob("*.js"))


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS, *STYLES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_separates_facts_is_translated(path: Path) -> None:
    # Beside Arabic digits a dot reads as a zero, and an arrow written by hand points backwards.
    assert not re.search(r"[·→←]", _COMMENTS.sub("", path.read_text()))


# --- Refusals -------------------------------------------------------------------------------------------------------

REFUSALS = re.compile(
    r"(Error|Refused|Invalid\w*|Denied|NotFound|NotAllowed|StaleVersion|Taken|Busy|Denied|NotYours|error|success|warning)$"
)
FOR_PROGRAMS = {
    "ValueError",
    "TypeError",
    "RuntimeError",
    "AssertionError",
    "CommandError",
    "ArgumentTypeError",
    "LookupError",
    "KeyError",
}


def bare_sentences(source: str) -> Iterator[str]:
    """Sentences that a refusal or a message is given as they stand."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func).rsplit(".", 1)[-1]
        if not REFUSALS.search(name) or name in FOR_PROGRAMS or ast.unparse(call.func).startswith("logger."):
            continue
        for given in [*call.args, *(keyword.value for keyword in call.keywords)]:
            for part in [given, *(given.values if isinstance(given, ast.Dict) else [])]:
                pieces = part.values if isinstance(part, ast.JoinedStr) else [part]
                text = "".join(str(piece.value) for piece in pieces if isinstance(piece, ast.Constant))
                if " " in text and WORD.search(text):
                    yield text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_refusal_is_said_in_one_language_only(path: Path) -> None:
    assert list(bare_sentences(path.read_text())) == []


def test_what_counts_as_a_bare_sentence() -> None:
    assert list(bare_sentences('raise SlotTaken("This was taken.")')) == ["This was taken."]
    assert list(bare_sentences('raise InvalidInput(start=f"Not before {day}.")')) != []
    assert list(bare_sentences('raise SlotTaken(_("This was taken."), current=fresh)')) == []
    assert list(bare_sentences('raise TypeError("This is for programmers.")')) == []


# --- Scripts --------------------------------------------------------------------------------------------------------

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
_LITERAL = re.compile(r"'((?:[^'\\\n]|\\.)*)'|`([^`]*)`")


def sentences_in(script: str) -> list[str]:
    """Literals that read like something said: they begin with a capital letter and have a space."""
    plain = re.sub(r"new \w*Error\([^)]*\)|console\.\w+\([^)]*\)", "", _COMMENT.sub("", script))
    literals = (match[1] or match[2] or "" for match in _LITERAL.finditer(plain))
    return [text for text in literals if re.match(r"[A-Z][a-z’']+ [a-z]", text)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_script_says_a_sentence_of_its_own(path: Path) -> None:
    assert sentences_in(path.read_text()) == []


def test_what_counts_as_a_sentence_of_a_script() -> None:
    assert sentences_in("toast('Payment is recorded');") == ["Payment is recorded"]
    assert sentences_in("toast(t('done.payment')); // It is said elsewhere") == []
    assert sentences_in("throw new TypeError('Unknown kind of entity');") == []
