"""Static files of a release (``collectstatic``): our own scripts and stylesheets without comments and spaces, all compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedStaticFilesStorage

_SHORTEN = {".js": jsmin, ".css": cssmin}


class ReleaseStorage(CompressedStaticFilesStorage):
    """Names, imports and lines of code stay as they are written (ADR 5); in development files are served from their source."""

    def post_process(self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Shorten what is ours, before whatever is there is compressed."""
        ours = {str(folder) for folder in settings.STATICFILES_DIRS}
        for name, (source, _path) in paths.items():
            shorten = _SHORTEN.get(Path(name).suffix)
            if not dry_run and shorten is not None and source.location in ours:
                file = Path(self.path(name))
                file.write_text(shorten(file.read_text()))
        yield from super().post_process(paths, dry_run, **options)
