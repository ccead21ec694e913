"""What a release serves: scripts and stylesheets that say the same in fewer bytes, within the budget of a page."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.test import Client

from clinic_project.static_files import ReleaseStorage
from tests.factories import World, book, walk_in

BUDGET = 60 * 1024
"""Scripts and stylesheets of the reception's page, as they come over the line."""

_IMPORT = re.compile(r"""(?:from|import)\s*["'](\.[^"']+)["']""")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own static files as ``collectstatic`` leaves them."""
    root = tmp_path_factory.mktemp("static")
    storage = ReleaseStorage(location=root)
    paths = {name: (source, name) for name, source in FileSystemFinder().list([])}
    for name, (source, path) in paths.items():
        with source.open(path) as content:
            storage.save(name, content)
    list(storage.post_process(paths))
    return root


def _loaded(root: Path, script: Path, seen: set[Path]) -> set[Path]:
    """A module and all that it imports."""
    script = script.resolve()
    if script not in seen:
        seen.add(script)
        for name in _IMPORT.findall(script.read_text()):
            _loaded(root, script.parent / name, seen)
    return seen


def test_comments_are_gone_and_what_is_imported_is_not(release: Path) -> None:
    for script in (settings.BASE_DIR / "static" / "dashboards").rglob("*.js"):
        short = (release / script.relative_to(settings.BASE_DIR / "static")).read_text()
        assert "/**" not in short
        assert _IMPORT.findall(short) == _IMPORT.findall(script.read_text())


def _node() -> str:
    """Node, of the system or beside our Python."""
    found = shutil.which("node") or shutil.which("node", path=Path(sys.executable).parent)
    return found or pytest.skip("Node is missing")


def test_every_script_is_still_one(release: Path) -> None:
    node = _node()
    for script in release.rglob("*.js"):
        if not script.is_relative_to(release / "vendor"):
            checked = subprocess.run(
                [node, "--check", "--input-type=module", "-"],
                input=script.read_text(),
                text=True,
                capture_output=True,
                check=False,
            )
            assert checked.returncode == 0, f"{script.name}: {checked.stderr}"


@pytest.mark.django_db
def test_the_receptions_page_keeps_within_its_budget(release: Path) -> None:
    world = World()
    walk_in(world)
    book(world)
    client = Client()
    client.force_login(world.receptionist)
    html = client.get("/reception/").content.decode()
    named = re.findall(rf'(?:src|href)="{re.escape(settings.STATIC_URL)}([^"]+\.(?:js|css))"', html)
    files: set[Path] = set()
    for name in named:
        _loaded(release, release / name, files)

    size = sum(len(gzip.compress(file.read_bytes())) for file in files)

    assert any(name.endswith("reception.js") for name in named)
    assert size <= BUDGET, f"{size} bytes in {len(files)} files"
