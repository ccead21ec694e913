"""What a release serves: scripts and stylesheets that say the same in fewer bytes, within the budget of a page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import World, book, walk_in
from tests.release import BUDGET, IMPORTED, collect, files_of, size_of


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collect(tmp_path_factory.mktemp("static"))


def test_comments_are_gone_and_what_is_imported_is_not(release: Path) -> None:
    for script in (settings.BASE_DIR / "static" / "dashboards").rglob("*.js"):
        short = (release / script.relative_to(settings.BASE_DIR / "static")).read_text()
        assert "/**" not in short
        assert IMPORTED.findall(short) == IMPORTED.findall(script.read_text())


def _node() -> str:
    """Node, of the system or beside our Python."""
    found = shutil.which("node") or shutil.which("node", path=Path(sys.executable).parent)
    return found or pytest.skip("Node is missing")


PARSE = """
const { readFileSync } = require('fs');
const { SourceTextModule } = require('vm');
for (const file of process.argv.slice(1)) new SourceTextModule(readFileSync(file, 'utf8'), { identifier: file });
"""


def test_every_script_is_still_one(release: Path) -> None:
    scripts = [str(script) for script in release.rglob("*.js") if not script.is_relative_to(release / "vendor")]
    assert len(scripts) > 50
    parse = [_node(), "--experimental-vm-modules", "--no-warnings", "--eval", PARSE, *scripts]
    parsed = subprocess.run(parse, text=True, capture_output=True, check=False)
    assert parsed.returncode == 0, parsed.stderr


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "page"),
    [("receptionist", "reception"), ("receptionist", "calendar"), ("doctor_user", "doctor"), ("admin", "manager")],
)
def test_a_live_page_keeps_within_its_budget(release: Path, who: str, page: str) -> None:
    world = World()
    walk_in(world)
    book(world)
    client = Client()
    client.force_login(getattr(world, who))

    files, _late = files_of(release, client.get(f"/{page}/").content.decode())

    assert (release / "dashboards" / f"{page}.js").resolve() in files
    assert size_of(files) <= BUDGET, f"{size_of(files)} bytes in {len(files)} files"
