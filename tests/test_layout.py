"""How the code is laid out: the folder `queue`, the direction of imports, what the repository may name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

import queue

ROOT = Path(__file__).resolve().parent.parent
# Each may import itself and those to its right.
LAYERS = ["clinic_project", "realtime", "payments", "queue", "appointments", "patients", "clinics"]
# Parts of clinic_project that may know of realtime; dashboards carry the snapshot of the rooms they show.
MAY_IMPORT_REALTIME = {"settings.py", "asgi.py", "api.py", "urls.py", "dashboards"}


# --- The folder `queue` (ADR 1) ---------------------------------------------------------------------------------------


def standard_queue() -> tuple[set[str], set[str]]:
    """Names that the standard library's `queue.py` defines or imports, and the public ones of them; read from its text,
    since our submodules are attributes of the module."""
    body = ast.parse(Path(str(queue.__file__)).read_text()).body
    nodes = [node for statement in body for node in ast.walk(statement)]
    names = {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {
        alias.asname or alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    return names, set(queue.__all__)


def test_import_queue_is_the_standard_library() -> None:
    assert Path(str(queue.__file__)).parent == Path(sysconfig.get_path("stdlib"))
    assert queue.Queue(maxsize=1).maxsize == 1


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_queue_folder_has_no_file_that_would_hide_the_standard_library(name: str) -> None:
    assert not (ROOT / "queue" / name).exists()


def test_no_submodule_of_queue_overwrites_a_name_of_the_standard_library() -> None:
    ours = {path.stem for path in (ROOT / "queue").iterdir() if not path.name.startswith("__")}

    assert {"models", "actions", "migrations"} <= ours
    assert ours & standard_queue()[0] == set()


def test_stub_declares_every_public_name_of_the_standard_library() -> None:
    stub = ast.parse((ROOT / "queue" / "__init__.pyi").read_text())
    declared = {node.name for node in ast.walk(stub) if isinstance(node, ast.ClassDef)}

    assert standard_queue()[1] - declared == set()


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-c", "from clinic_project.asgi import application; from queue import Queue, models; models.Visit"],
        ["-c", "import daphne.server, daphne.cli, clinic_project.asgi; import queue; queue.SimpleQueue(); queue.models.Visit"],
        [
            "-c",
            "import uvicorn, uvloop; uvicorn.Config('clinic_project.asgi:application').load(); import queue; queue.LifoQueue()",
        ],
        ["-m", "pytest", "--version"],
        ["-m", "daphne", "--help"],
        ["-m", "uvicorn", "--help"],
    ],
    ids=["manage.py", "asgi", "daphne", "uvicorn", "pytest", "daphne-cli", "uvicorn-cli"],
)
def test_both_queues_work_in_every_entry_point(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.returncode == 0


# --- Imports ----------------------------------------------------------------------------------------------------------


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and package of every import of ours in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _dot, rest = name.partition(".")
            # `import queue` and `from queue import Empty` are the standard library's.
            is_standard = package == "queue" and rest.split(".")[0] in {"", *queue.__all__}
            if package in LAYERS and not is_standard:
                yield node.lineno, package


def upward_imports(package: str) -> list[str]:
    """`file:line imports package` for each import against the direction."""
    allowed = set(LAYERS[LAYERS.index(package) :])
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for line, target in imported(path):
            part = path.relative_to(ROOT / package).parts[0]
            unasked = package == "clinic_project" and target == "realtime" and part not in MAY_IMPORT_REALTIME
            if target not in allowed or unasked:
                found.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_imports_go_one_way(package: str) -> None:
    assert upward_imports(package) == []


def test_no_app_imports_the_tests_or_relatively() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in LAYERS
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).split(".")[0] in {"tests", "bench"})
    ]

    assert wrong == []


# --- Migrations -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_migrations_match_the_models() -> None:
    said = StringIO()

    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=said)
    except SystemExit:
        pytest.fail(f"Run makemigrations:\n{said.getvalue()}")


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_says_why_it_is_there(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r "))]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+(\[[a-z,]+\])?==[\d.]+  # \S.{4,}", line)] == []


def repository_files(*suffixes: str) -> list[Path]:
    """Files of the repository and new ones beside them, not what it ignores."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name.endswith(suffixes or ("",)) and (ROOT / name).is_file()]


LOADS_FROM_ANOTHER_HOST = re.compile(
    r"""(?: \b(?:src|srcset|href|action|poster|data) \s*=\s* | \burl\( \s* | @import\s+ | \bfrom\s* | \bimport\s*\(?\s*
        | \b(?:fetch|WebSocket|EventSource|Worker|importScripts)\(\s* )
        ["'`]? (?:(?:https?|wss?):)?//[\w.-]""",
    re.VERBOSE | re.IGNORECASE,
)


def test_no_page_names_another_host() -> None:
    found = []
    for path in repository_files(".html", ".css", ".js", ".svg", ".json", ".webmanifest", ".txt"):
        if path.relative_to(ROOT).parts[0] in {"templates", "static"}:
            text = path.read_text(errors="replace")
            found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in LOADS_FROM_ANOTHER_HOST.finditer(text)]

    assert found == []


@pytest.mark.parametrize(
    ("text", "is_foreign"),
    [
        ('<script src="https://cdn.example/x.js">', True),
        ("<img src=//cdn.example/x.png>", True),
        ('@import "https://fonts.example/css"', True),
        ("background: url( //cdn.example/x)", True),
        ("import x from 'https://esm.example/x'", True),
        ("await import('https://esm.example/x')", True),
        ("new WebSocket('wss://other.example/')", True),
        ("import { a } from './a.js'; // see below", False),
        ('<svg xmlns="http://www.w3.org/2000/svg">', False),
        ('<a href="/patients/">', False),
    ],
)
def test_another_host_is_recognised(text: str, is_foreign: bool) -> None:
    assert bool(LOADS_FROM_ANOTHER_HOST.search(text)) is is_foreign


def test_scripts_that_are_started_by_name_are_executable() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
