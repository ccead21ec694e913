"""What a release serves for a page: our scripts and stylesheets as ``collectstatic`` leaves them, and their sizes over the line."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder

from clinic_project.static_files import ReleaseStorage

BUDGET = 60 * 1024
"""Scripts and stylesheets of a page, as they come over the line before anybody has asked for more."""

IMPORTED = re.compile(r"""(?:from|import)\s*["'](\.[^"']+)["']""")
_ON_DEMAND = re.compile(r"""import\(\s*["'](\.[^"']+)["']\s*\)""")


def collect(root: Path) -> Path:
    """Our own static files, shortened, in ``root``."""
    storage = ReleaseStorage(location=root)
    paths = {name: (source, name) for name, source in FileSystemFinder().list([])}
    for name, (source, path) in paths.items():
        with source.open(path) as content:
            storage.save(name, content)
    list(storage.post_process(paths))
    return root


def files_of(root: Path, html: str) -> tuple[set[Path], set[Path]]:
    """What a page loads, with all that its scripts import, and what they load only once somebody asks for it."""
    named = re.findall(rf'(?:src|href)="{re.escape(settings.STATIC_URL)}([^"]+\.(?:js|css))"', html)
    files: set[Path] = set()
    for name in named:
        _load(root / name, files)
    late = set(files)
    for file in files:
        for name in _ON_DEMAND.findall(file.read_text()):
            _load(file.parent / name, late)
    return files, late - files


def size_of(files: set[Path]) -> int:
    """Bytes over the line, each file compressed by itself."""
    return sum(len(gzip.compress(file.read_bytes())) for file in files)


def _load(file: Path, seen: set[Path]) -> None:
    file = file.resolve()
    if file not in seen:
        seen.add(file)
        for name in IMPORTED.findall(file.read_text()):
            _load(file.parent / name, seen)
