"""What ``make run`` starts: the database brought up to date, demo data, and the server, said in plain words."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

from clinic_project.settings import BASE_DIR, STATE_DIR

HOST = "127.0.0.1"
LOGINS = "admin, reception, reception2, manager, doctor1, doctor2, doctor3"
PASSWORD = "demo-clinic-2026"  # noqa: S105
START_SECONDS = 60


def main() -> int:
    """The command line: the port."""
    if not sys.argv[1].isdecimal() or not 0 < int(sys.argv[1]) < 2**16:
        print(f"{sys.argv[1]} is no port. Choose a number from 1 to 65535: make run PORT=8000")
        return 1
    port = int(sys.argv[1])
    if _is_taken(port):
        who = "a front desk that runs already" if _is_one_of_ours(port) else "another program"
        print(f"Port {port} is taken by {who}. Stop that one, or choose another port: make run PORT={port + 1}")
        return 1
    STATE_DIR.mkdir(exist_ok=True)
    os.chdir(BASE_DIR)
    for words in (["migrate", "-v0"], ["seed_demo"]):
        if code := subprocess.call([sys.executable, "manage.py", *words]):
            return code
    # Without the line per request (-v 0), so that what matters is seen.
    daphne = ["-m", "daphne", "-v", "0", "-b", HOST, "-p", str(port), "clinic_project.asgi:application"]
    server = subprocess.Popen([sys.executable, *daphne])
    # Ctrl-C reaches the server too, which ends by itself; docker stop and the like reach only us.
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        if _wait_until_it_listens(server, port):
            _greet(port)
        code = server.wait()
    except KeyboardInterrupt:
        server.wait()
        print("\nStopped. The demo data stays in var/; make run starts it again.")
        return 0
    return max(code, 0)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _is_one_of_ours(port: int) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status": "ok"}'
    return False


def _wait_until_it_listens(server: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=5):
            return True
        time.sleep(0.05)
    return False


def _greet(port: int) -> None:
    print(
        f"""
  The clinic's front desk is open:  http://localhost:{port}/

  Log in as     {LOGINS}
  Password      {PASSWORD}

  Django admin  http://localhost:{port}/admin/     API  http://localhost:{port}/api/
  Ctrl-C stops it.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
