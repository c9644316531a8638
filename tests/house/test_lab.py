"""`course lab`: JupyterLab on the first notebook, with the course's settings and nothing to click away."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course_utils import lab
from tests.house.conftest import Result
from tests.tools import bubblewrap_program

COMMAND = Path(sys.executable).with_name("course")


@pytest.fixture
def address(course: Path, tmp_path: Path) -> Iterator[re.Match[str]]:
    """The address that a running `course lab` prints: host, page and token."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")
    environment = os.environ | {name: str(tmp_path / name) for name in names} | {"JUPYTER_PREFER_ENV_PATH": "0"}
    # A kernel in the user's folder hides the environment's.
    elsewhere = tmp_path / "JUPYTER_DATA_DIR" / "kernels" / "python3" / "kernel.json"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes((Path(__file__).parent / "cases" / "kernel_elsewhere.json").read_bytes())
    server = subprocess.Popen(
        [COMMAND, "lab", "--no-browser"], cwd=course, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        lines = []
        for line in server.stderr:
            lines.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)(/\S*)\?token=(\w+)", line):
                break
        assert found, "".join(lines)
        yield found
    finally:
        server.terminate()
        server.communicate(timeout=60)


def wait_until_open(host: str) -> None:
    """Wait: Jupyter prints its address a moment before it accepts connections."""
    name, port = host.removeprefix("http://").split(":")
    for _ in range(600):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((name, int(port)), timeout=60):
            return
        time.sleep(0.1)
    pytest.fail(f"nothing listens at {host}")


def test_it_serves_the_first_notebook_and_asks_nothing(address: re.Match[str]) -> None:
    host, page, token = address.groups()
    assert page == "/lab/tree/00_start_here/00_start_here.ipynb"

    def get(path: str) -> str:
        request = urllib.request.Request(f"{host}{path}", headers={"Authorization": f"token {token}"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read().decode()

    wait_until_open(host)

    assert json.loads(get("/api/contents/00_start_here/00_start_here.ipynb"))["type"] == "notebook"
    assert json.loads(get("/api/kernelspecs"))["kernelspecs"]["python3"]["spec"]["argv"][0] == sys.executable
    settings = json.loads(get("/lab/api/settings/@jupyterlab/apputils-extension:notification"))["schema"]["properties"]
    assert settings["fetchNews"]["default"] == "false"
    assert settings["checkForUpdates"]["default"] is False
    page_config = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', get(page), re.DOTALL)
    assert page_config is not None
    disabled = json.loads(page_config[1])["disabledExtensions"]
    assert "@jupyter/nbgrader:create-assignment" in disabled
    assert "@jupyter/nbgrader:validate-assignment" not in disabled


@pytest.mark.needs("isolation")
def test_a_home_that_cannot_be_written_is_borne(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    home = str(tmp_path / "home")
    program = (
        "from course_utils import lab; lab.keep_settings_somewhere(); import os; print('#', *map(os.environ.get, N))"
    )
    names = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
    wrapped = [bubblewrap_program(), "--bind", "/", "/", "--ro-bind", home, home, "--dev", "/dev", sys.executable, "-c"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG"))}
    done = subprocess.run(
        [*wrapped, f"N = {names}; {program}"], env=kept | {"HOME": home}, capture_output=True, text=True, check=True
    )
    *told, last = done.stdout.splitlines()
    assert len(told) == 3
    assert all(line.startswith("Jupyter can't write to ") for line in told)
    folders = last.split()[1:]
    assert len({Path(folder) for folder in folders if Path(folder).is_dir()}) == 3
    for folder in folders:
        Path(folder).rmdir()


def test_validate_waits_for_a_slow_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler

    # As in the server: a learner's folder has no configuration, and a clone has one.
    for folder in (tmp_path, Path(__file__).parents[2]):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(lab.SETTINGS))
        asked = ValidateAssignmentHandler.load_config(object())["Execute"]
        assert asked["timeout"] >= 60
        # With nbgrader's default of 4 seconds there would be a traceback.
        assert asked["iopub_timeout"] >= 60


def test_it_passes_the_browser_and_the_port_on(course: Path) -> None:
    folder = course / "notebooks"
    quiet, with_browser = lab.lab_arguments(folder, False, 9000), lab.lab_arguments(folder, True, None)
    assert set(quiet) - set(with_browser) == {"--no-browser", "--port=9000"}
    assert f"--ServerApp.root_dir={folder}" in with_browser


def test_without_jupyterlab_it_says_what_to_install(
    run: Callable[..., Result], course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    ended = run("lab")
    assert ended.code == 3
    assert ended.err == "course: JupyterLab is not installed: run `pip install -e '.[lab]'` in the course.\n"


def test_the_environments_programs_come_first_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["/a", str(Path(sys.executable).parent), "/b"]))
    lab.use_own_programs()
    assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/a", "/b"]
