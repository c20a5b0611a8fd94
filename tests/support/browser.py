"""A Chromium without a window, for pages that lie on the disk."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

DESKTOP, PHONE = (1100, 900), (360, 780)

_ALONE = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)

_DEADLINE_S = 20


class Browser:
    """What the tests ask of it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Show a page; what was on the record before is forgotten."""
        self._log("browser")
        self._log("performance")
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(page.as_uri())

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """What has come since it was last asked for."""
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def complaints(self) -> list[str]:
        """Errors and warnings in the console."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for, without what they hold."""
        entries = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        # The browser's own start page may still be loading its icons.
        asked = [e["params"] for e in entries if e["method"] == "Network.requestWillBeSent"]
        sent = [each["request"]["url"] for each in asked if not each["documentURL"].startswith("chrome://")]
        return [address.partition(",")[0] if address.startswith("data:") else address for address in sent]

    def run(self, code: str, *arguments: Any) -> Any:
        """What JavaScript returns."""
        return self.driver.execute_script(code, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that are shown."""
        return [each for each in self.driver.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]

    def one(self, selector: str) -> WebElement:
        """The only one that is shown."""
        (found,) = self.all(selector)
        return found

    def point_at(self, element: WebElement) -> None:
        """Move the pointer onto it."""
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver).move_to_element(element).perform()

    def press(self, *keys: str) -> None:
        """Type keys one after another."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for something to be true."""
        return WebDriverWait(self.driver, _DEADLINE_S, 0.05).until(lambda _: condition())

    def pages_printed(self) -> int:
        """Sheets of paper that it takes."""
        options = {"preferCSSPageSize": True, "printBackground": True}
        pdf = base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", options)["data"])
        return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))

    def violations(self) -> list[str]:
        """What axe-core finds against the accessibility guidelines."""
        import axe_core_python

        script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.run(script + ";window.axe = window.axe || axe")
        run = "const done = arguments[0]; axe.run().then((found) => done(found.violations), (e) => done(String(e)))"
        found = self.driver.execute_async_script(run)
        assert isinstance(found, list), found
        return [f"{each['impact']} {each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser of its own. The test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    steering = shutil.which("chromedriver")
    if program is None or steering is None:
        pytest.skip("there is no Chromium with chromedriver; on Debian: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*_ALONE, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(steering))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
