"""JupyterLab as `course lab` starts it, in a headless Chromium."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.tools import browser_program

# A machine that runs all tests at once is slow to answer.
expect.set_options(timeout=60_000)
TOKEN = "for-the-test"
# Every cell in the page, even out of sight: a test looks for its text.
SETTINGS = {"@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"}}


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """Run `course lab` in a folder and yield its address."""
    with server(
        [sys.executable, "-c", "from course_utils.cli import main; main()", "lab", "--no-browser"], folder
    ) as address:
        yield address


@contextmanager
def server(command: list[str], folder: Path) -> Iterator[str]:
    """Run a Jupyter server in a folder, with settings and a log beside it, and yield its address."""
    port, settings, log = _free_port(), folder.parent / "settings", folder.parent / "lab.log"
    for name, values in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(json.dumps(values))
    environment = os.environ | {
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder.parent / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(folder.parent / "runtime"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, f"--port={port}"], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@contextmanager
def browser_page() -> Iterator[Page]:
    """Yield an empty page of the browser that this machine has."""
    program = browser_program()
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page, address: str, path: str) -> None:
        self.page = page
        page.goto(f"{address}/lab/tree/{path}?token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        # What shows first is the page's guess; the status bar names the kernel only once there is one.
        expect(self._status).to_contain_text("| Idle")

    def cell(self, text: str) -> Locator:
        """Return the first code cell whose source has this text."""
        editor = self.page.locator(".jp-InputArea-editor", has_text=text)
        return self.page.locator(".jp-Notebook .jp-CodeCell", has=editor).first

    def run_all(self) -> None:
        """Run all cells, and return once the first has begun."""
        begun = self.page.locator(".jp-InputPrompt", has_text=re.compile(r"\[(\*|\d+)\]")).first
        for patience in (10_000, 20_000, 40_000):
            self.menu("Run", "Run All Cells")
            # JupyterLab drops the command, without a word, while it still connects to the kernel.
            with suppress(PlaywrightTimeout):
                return begun.wait_for(timeout=patience)
        raise AssertionError("JupyterLab does not run the cells.")

    def menu(self, name: str, item: str) -> None:
        self.page.locator(".lm-MenuBar-item", has_text=name).first.click()
        self.page.locator(".lm-Menu-item", has_text=item).first.click()

    def restart(self) -> None:
        """Restart the kernel, and return once there is a new one."""
        self.menu("Kernel", "Restart Kernel…")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self._status).not_to_contain_text("| Idle")
        expect(self._status).to_contain_text("| Idle")

    @property
    def _status(self) -> Locator:
        return self.page.locator("#jp-bottom-panel, .jp-StatusBar-Widget").first

    def write(self, text: str, source: str) -> None:
        """Replace the source of the cell that has `text`."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def run(self, text: str) -> Locator:
        """Run the cell that has `text`, wait until it is done, and return its outputs."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text="[*]").wait_for(state="detached")
        self.wait_until_idle()
        return cell.locator(".jp-OutputArea")

    def wait_until_idle(self) -> None:
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.innerText.includes('*'))"
        )

    def validate(self) -> None:
        """Press nbgrader's Validate, which saves first."""
        self.page.get_by_role("button", name="Validate").click()

    def source(self, text: str) -> str:
        """Return the source of the cell that has `text`."""
        lines = self.cell(text).locator(".cm-line").all_inner_texts()
        return "\n".join(line.rstrip("\n") for line in lines)
