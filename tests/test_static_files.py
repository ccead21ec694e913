"""What a release serves: scripts and stylesheets that say the same in fewer bytes, within the budget of a page."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import World, book, walk_in
from tests.release import BUDGET, IMPORTED, collect, files_of, size_of
from tests.servers import Kind, Server, running_server


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


# --- What a server answers --------------------------------------------------------------------------------------------

SCRIPT = f"{settings.STATIC_URL}realtime/store.js"
OTHER = "https://desk.example"


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, release: Path, django_db_setup: None) -> Iterator[Server]:
    kind: Kind = request.param
    env = {"DEBUG": "false", "STATIC_ROOT": str(release), "CORS_ALLOWED_ORIGINS": OTHER}
    with running_server(kind, env=env) as running:
        yield running


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.usefixtures("real_time")
class TestServed:
    def test_as_it_was_collected_and_for_ever(self, server: Server, release: Path) -> None:
        response, body = ask(server, SCRIPT)
        assert body == (release / "realtime/store.js").read_bytes()
        assert response.headers.get_content_type() == "text/javascript"
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"

    def test_compressed_for_who_can_read_that(self, server: Server, release: Path) -> None:
        response, body = ask(server, SCRIPT, Accept_Encoding="gzip")
        assert response.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response.headers["Vary"]
        assert gzip.decompress(body) == (release / "realtime/store.js").read_bytes()

    def test_not_again_to_who_has_it(self, server: Server) -> None:
        first, _ = ask(server, SCRIPT)
        again, body = ask(server, SCRIPT, If_None_Match=first.headers["ETag"])
        assert (again.status, body) == (304, b"")

    def test_in_part(self, server: Server, release: Path) -> None:
        response, body = ask(server, SCRIPT, Range="bytes=2-5")
        assert (response.status, body) == (206, (release / "realtime/store.js").read_bytes()[2:6])

    def test_its_headers_alone(self, server: Server, release: Path) -> None:
        response, body = ask(server, SCRIPT, "HEAD")
        assert (response.status, body) == (200, b"")
        assert int(response.headers["Content-Length"]) == (release / "realtime/store.js").stat().st_size

    def test_nothing_can_be_sent_there(self, server: Server) -> None:
        response, _ = ask(server, SCRIPT, "POST")
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")

    @pytest.mark.parametrize(
        "path",
        [
            "realtime/nothing.js",
            "realtime/",
            "../settings.py",
            "%2e%2e/%2e%2e/manage.py",
            "realtime/../../../manage.py",
            "%ff.js",
            "a%00b.js",
            "",
        ],
    )
    def test_what_is_no_file_is_not_found(self, server: Server, path: str) -> None:
        response, body = ask(server, settings.STATIC_URL + path)
        assert response.status in (400, 404)
        assert b"Traceback" not in body
        assert b"import" not in body

    def test_a_file_that_has_gone_is_not_found(self, server: Server, release: Path) -> None:
        file = release / "realtime/store.js"
        kept = file.rename(release / "kept")
        try:
            response, _ = ask(server, SCRIPT)
        finally:
            kept.rename(file)
        assert response.status == 404

    def test_pages_of_other_origins_may_load_it_if_they_are_known(self, server: Server) -> None:
        known, _ = ask(server, SCRIPT, Origin=OTHER)
        unknown, _ = ask(server, SCRIPT, Origin="https://evil.example")
        assert known.headers["Access-Control-Allow-Origin"] == OTHER
        assert "origin" in known.headers["Vary"].lower()
        assert unknown.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.usefixtures("django_db_setup", "real_time")
def test_in_development_files_come_from_their_source_and_are_asked_for_again() -> None:
    with running_server("daphne", env={"DEBUG": "true"}) as server:
        response, body = ask(server, SCRIPT)
    assert body == (settings.BASE_DIR / "static/realtime/store.js").read_bytes()
    assert "max-age=0" in response.headers["Cache-Control"]
