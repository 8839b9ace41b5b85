"""The page in a real browser, against a real service on this computer."""

import re
import shutil

import pytest

from page_service import TOKEN, running

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
]


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture(scope="session")
def guarded_service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("guarded"), tokens={"ward 3": TOKEN}) as found:
        yield found


@pytest.fixture(scope="session")
def keeping_service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("keeping"), keep=True) as found:
        yield found


# Closed after each file: while it is open, nothing else in this process can run an event loop.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: tools/install_peers.sh installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


#: What a browser writes into its console where a test has the service say no, or nothing.
_REFUSALS = re.compile(
    r"Failed to load resource: (the server responded with a status of (401|422|503)|net::ERR_FAILED)"
)


@pytest.fixture
def open_page(browser):
    """Return a function that opens the page of a service.

    Errors in scripts, in the console and against the content policy fail the test, and so does a request to another
    address.
    """
    contexts, faults = [], []

    def begin(service, *, width=1280, height=800, dark=False, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"console: {message.text}")
                if message.type in ("error", "warning") and not _REFUSALS.match(message.text)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((service.address, "blob:")) else faults.append(f"sent to {request.url}")
            ),
        )
        page.goto(service.address)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert faults == []
