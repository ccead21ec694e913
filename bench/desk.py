"""How the reception's page feels: until it shows something, until it is live, and when much happens at once.

    python -m bench.desk URL [QUEUE] [COMMANDS] [USER] [PASSWORD]

against a running demo clinic, in Chromium. First the page is opened five times with an empty cache and five times with a full one:
medians of the time to the first contentful paint, and until the light says that it is live. Then the queue is filled up to QUEUE who
wait (200), and COMMANDS of them (200) are called through the API within ten seconds, while the page is open: how many frames of
the screen it left out, how long it was busy at a stretch at worst, and how long after the last answer the
page showed the last call. The server should be one without DEBUG, as a release is.
"""

from __future__ import annotations

import statistics
import sys
import time

from playwright.sync_api import Page, sync_playwright

from bench.latency import Api
from tests import chromium

SECONDS = 10
LIVE = "#light[data-state=live]"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Of the page itself: when its light turned.
WATCH_LIGHT = """addEventListener('DOMContentLoaded', () => {
  const light = document.querySelector('#light');
  if (light === null) return;
  const look = () => { if (light.dataset.state === 'live') window.liveAt ??= performance.now(); };
  new MutationObserver(look).observe(light, { attributes: true });
  look();
})"""
WATCH_FRAMES = """() => {
  window.seen = { frames: 0, left_out: 0, longest: 0 };
  let last = performance.now();
  const frame = (now) => {
    seen.frames += 1;
    seen.left_out += Math.max(0, Math.round((now - last) / (1000 / 60)) - 1);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.longest = Math.max(seen.longest, task.duration);
  }).observe({ type: 'longtask' });
}"""


def open_page(page: Page, url: str) -> tuple[float, float]:
    """First contentful paint and live, in milliseconds after the request began."""
    page.goto(f"{url}/reception/")
    page.locator(LIVE).wait_for()
    return page.evaluate(PAINT), page.evaluate("liveAt")


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """By the page's own form."""
    page.goto(f"{url}/login/")
    page.locator("#id_username").fill(user)
    page.locator("#id_password").fill(password)
    page.locator("form:has(#id_password) button").click()
    page.locator(LIVE).wait_for()


def fill_queue(api: Api, clinic: int, upto: int) -> list[int]:
    """Walk-ins until so many wait; the ids of those who do."""
    doctors = [row["id"] for row in api.call("GET", f"/api/doctors/?clinic={clinic}")["results"]]
    service = api.call("GET", f"/api/services/?clinic={clinic}")["results"][0]["id"]
    patients = [row["id"] for row in api.call("GET", "/api/patients/?page_size=200")["results"]]

    def waiting() -> list[int]:
        visits = api.call("GET", f"/api/queue/clinics/{clinic}/")["visits"]
        return [visit["id"] for visit in visits if visit["status"] == "waiting"]

    for number in range(upto - len(waiting())):
        who = {"doctor": doctors[number % len(doctors)], "patient": patients[number % len(patients)]}
        api.call("POST", "/api/visits/", {"clinic": clinic, "service": service, **who})
    return waiting()


def measure(url: str, queue: int, commands: int, user: str, password: str) -> None:
    """Do it and print it."""
    api = Api(url)
    api.token = api.call("POST", "/api/auth/token/", {"username": user, "password": password})["access"]
    clinic = api.call("GET", "/api/auth/me/")["clinics"][0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        cold, warm = [], []
        for _ in range(5):
            page = browser.new_context().new_page()
            page.add_init_script(WATCH_LIGHT)
            log_in(page, url, user, password)
            page.context.new_cdp_session(page).send("Network.clearBrowserCache")
            cold.append(open_page(page, url))
            warm.append(open_page(page, url))
            page.context.close()
        for name, times in (("empty", cold), ("full", warm)):
            paint, live = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"cache {name}: first contentful paint {paint:.0f} ms, live {live:.0f} ms (medians of {len(times)})")

        visits = fill_queue(api, clinic, queue)[:commands]
        page = browser.new_page()
        log_in(page, url, user, password)
        page.evaluate(WATCH_FRAMES)
        started = time.monotonic()
        for number, visit in enumerate(visits):
            time.sleep(max(0, started + number * SECONDS / len(visits) - time.monotonic()))
            api.call("POST", f"/api/visits/{visit}/call/", {})
        answered = time.monotonic()
        page.locator(f'.visit[data-key="{visits[-1]}"][data-status=called]').wait_for(state="attached")
        shown = time.monotonic()
        seen = page.evaluate("seen")
        browser.close()
    print(f"{len(visits)} calls in {answered - started:.1f} s on a queue of {queue}: {seen['frames']} frames drawn,", end=" ")
    print(f"{seen['left_out']} left out, busy at a stretch {seen['longest']:.0f} ms at worst;", end=" ")
    print(f"last one shown {1000 * (shown - answered):.0f} ms after its answer")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    measure(
        given[0].rstrip("/"),
        int(given.get(1, 200)),
        int(given.get(2, 200)),
        given.get(3, "reception"),
        given.get(4, "demo-clinic-2026"),
    )
