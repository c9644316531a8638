"""`course doctor`: it finds each common problem, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from course_utils import doctor, kernels, lab
from course_utils.doctor import Finding
from tests.house.conftest import Result
from tests.house.samples import graded, write
from tests.tools import bubblewrap_program

SERVER = {"ServerApp": {"jpserver_extensions": {doctor.SERVER_EXTENSION: True}}}


@pytest.fixture
def fitting(course: Path) -> Path:
    """A course folder whose notebook uses an installed check."""
    write(course / "notebooks" / "00_start_here" / "00_start_here.ipynb", graded("mean_squared_error_visible", "", 1))
    return course


@pytest.mark.needs("isolation")
def test_a_sound_course_is_well(run: Callable[..., Result], fitting: Path) -> None:
    ended = run("doctor")
    assert ended.code == 0, ended.out
    assert all(line.startswith("ok ") for line in ended.out.splitlines())
    assert ended.out.endswith("ok   notebooks: they match the installed checks.\n")
    assert all(finding["well"] for finding in json.loads(run("doctor", "--json").out))


def test_what_is_wrong_comes_with_its_remedy(run: Callable[..., Result], course: Path) -> None:
    ended = run("doctor")
    assert ended.code == 1
    lines = ended.out.splitlines()
    at = lines.index("fix  notebooks: 00_start_here.ipynb uses checks that are not installed: other.")
    assert lines[at + 1].strip().startswith("The notebooks and the installed course are different versions.")


def test_the_wrong_folder(tmp_path: Path) -> None:
    finding = doctor.examine(tmp_path)[-1]
    assert finding.subject == "folder"
    assert not finding.well


def test_the_folder_of_a_course_for_nbgrader_is_no_wrong_folder(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    finding = doctor.examine(tmp_path)[-1]
    assert finding.subject == "folder"
    assert finding.well
    assert "nbgrader course" in finding.says


def test_an_old_python() -> None:
    assert not doctor.python((3, 10, 9)).well
    assert doctor.python((3, 11, 0)).well


def test_packages_of_the_wrong_version(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"numpy": "1.26.4", "nbgrader": "0.9.6"}

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    wanted = ["numpy>=2.0", "rich>=13", "nbgrader>=0.9.6; extra == 'lab'", "ruff; extra == 'test'"]
    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    finding = doctor.packages()
    assert finding.says == "numpy 1.26.4 is installed, >=2.0 is needed; rich is missing."
    assert finding.remedy == doctor.INSTALL


def test_the_course_itself_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-distribution")
    assert doctor.packages().remedy == doctor.INSTALL


def test_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object, name: str) -> KernelSpec:
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", missing)
    assert doctor.kernel().remedy == "Run `python -m ipykernel install --sys-prefix` in the course's environment."


@pytest.mark.parametrize(("program", "well"), [("python", True), ("python3", True), ("/elsewhere/bin/python", False)])
def test_a_kernel_of_another_python(monkeypatch: pytest.MonkeyPatch, program: str, well: bool) -> None:
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda _, name: KernelSpec(argv=[program, "-m", "x"]))
    assert doctor.kernel().well is well


CASE = Path(__file__).parent / "cases" / "kernel_elsewhere.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose own kernel hides the environment's."""
    kernel = tmp_path / "a home" / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_bytes(CASE.read_bytes())
    return tmp_path / "a home"


def course_in(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `course` as in conda's base environment, in which the user's kernels come first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG"))}
    kept |= {"HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "0", **environment}
    return subprocess.run([sys.executable, "-m", "course_utils", *words], env=kept, capture_output=True, text=True)


def finding_on_kernel(home: Path, **environment: str) -> dict[str, Any]:
    found = json.loads(course_in(home, "doctor", "--json", **environment).stdout)
    return next(finding for finding in found if finding["subject"] == "kernel")


def command_in(remedy: str) -> str:
    [command] = re.findall(r"run `([^`]*)`", remedy, re.IGNORECASE)
    return str(command)


@pytest.mark.parametrize("content", [None, "{", '{"argv": 5}', '{"argv": []}', "\x00"])
def test_the_remedy_for_a_kernel_that_hides_ours_works(fitting: Path, home: Path, content: str | None) -> None:
    [kernel] = home.rglob("kernel.json")
    if content is not None:
        kernel.write_text(content)
    text = kernel.read_bytes()
    found = finding_on_kernel(home)
    assert not found["well"]
    assert str(kernel) in found["says"]
    subprocess.run(command_in(found["remedy"]), shell=True, check=True)
    assert finding_on_kernel(home)["well"]
    assert [path.read_bytes() for path in home.rglob("kernel.json")] == [text], "nothing of the user's is lost"


def test_a_hidden_kernel_stops_neither_check_nor_validate(fitting: Path, home: Path) -> None:
    ended = course_in(home, "check", "00")
    assert (ended.returncode, ended.stderr) == (0, "")
    path = fitting / "notebooks" / "00_start_here" / "00_start_here.ipynb"
    (fitting / "nbgrader_config.py").write_bytes((lab.SETTINGS / "nbgrader_config.py").read_bytes())
    program = [sys.executable, "-m", "nbgrader", "validate", str(path)]
    kept = os.environ | {"HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "0"}
    done = subprocess.run(program, env=kept, cwd=fitting, capture_output=True, text=True)
    assert "Success! Your notebook passes all the tests." in done.stdout, done.stderr


@pytest.mark.needs("isolation")
def test_a_kernel_that_cannot_be_renamed_is_passed_over_by_a_setting(fitting: Path, home: Path) -> None:
    kernels = next(home.rglob("kernel.json")).parents[1]
    wrapped = [bubblewrap_program(), "--bind", "/", "/", "--ro-bind", str(kernels), str(kernels), "--dev", "/dev"]
    doctor = [*wrapped, sys.executable, "-m", "course_utils", "doctor", "--json"]
    for other in ({}, {"JUPYTER_PATH": f"{kernels.parent}:/nowhere"}):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG"))}
        kept |= {"HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "0" if not other else "1", **other}
        found = json.loads(subprocess.run(doctor, env=kept, capture_output=True, text=True).stdout)
        [finding] = [one for one in found if one["subject"] == "kernel"]
        setting = command_in(finding["remedy"])
        assert setting.startswith("export ")
        line = f"{setting}; {shlex.join(doctor)}"
        again = subprocess.run(["sh", "-c", line], env=kept, capture_output=True, text=True).stdout
        assert next(one for one in json.loads(again) if one["subject"] == "kernel")["well"]


@pytest.mark.parametrize("name", ["python3", f"python3.{sys.version_info[1]}"])
def test_another_name_of_the_courses_python_is_the_courses_python(name: str) -> None:
    assert kernels.is_own(str(Path(sys.executable).with_name(name)))
    assert not kernels.is_own(str(Path(sys.executable).resolve())) or sys.prefix == sys.base_prefix


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's folders of settings, with the Validate button's two parts in place."""
    write_json(tmp_path / "config" / "jupyter_server_config.d" / "nbgrader.json", SERVER)
    write_json(tmp_path / "data" / "labextensions" / "@jupyter" / "nbgrader" / "package.json", {})
    monkeypatch.setattr(
        "jupyter_core.paths.jupyter_config_path", lambda: [str(tmp_path / "own"), str(tmp_path / "config")]
    )
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(tmp_path.joinpath("data", *parts))])
    return tmp_path


def write_json(path: Path, settings: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def test_the_validate_button_in_place(jupyter: Path) -> None:
    assert doctor.validate_button().well


def test_the_validate_button_missing(jupyter: Path) -> None:
    (jupyter / "data" / "labextensions" / "@jupyter" / "nbgrader" / "package.json").unlink()
    assert doctor.validate_button().says == "nbgrader's extension for JupyterLab is missing."


@pytest.mark.parametrize("name", [doctor.LAB_EXTENSION, doctor.VALIDATE_PLUGIN])
def test_the_validate_button_switched_off(jupyter: Path, name: str) -> None:
    write_json(jupyter / "own" / "labconfig" / "page_config.json", {"disabledExtensions": {name: True}})
    assert doctor.validate_button().says == "nbgrader's extension for JupyterLab is switched off."


@pytest.mark.parametrize("settings", [{"ServerApp": {"jpserver_extensions": {doctor.SERVER_EXTENSION: False}}}, None])
def test_the_servers_part_switched_off(jupyter: Path, settings: object) -> None:
    if settings is None:
        (jupyter / "config" / "jupyter_server_config.d" / "nbgrader.json").write_text("{")
    else:
        write_json(jupyter / "own" / "jupyter_server_config.json", settings)
    assert doctor.validate_button().says == "nbgrader's extension for the Jupyter server is switched off."


def test_no_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Activate the course's environment" in doctor.gradebook().remedy


def test_a_folder_that_cannot_be_written(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    [finding] = doctor.writing(course / "notebooks")
    assert finding.says == "the notebooks cannot be saved."
    assert finding.remedy.startswith(f"Cannot use {course / 'notebooks' / '00_start_here'}: permission denied.")


def test_a_notebook_that_cannot_be_read(course: Path) -> None:
    (course / "notebooks" / "00_start_here" / "00_start_here.ipynb").write_text("{")
    [finding] = doctor.freshness(course / "notebooks")
    assert finding.says == "00_start_here.ipynb cannot be read."
    assert "is incomplete" in finding.remedy


def test_a_finding_is_well_when_it_needs_no_remedy() -> None:
    assert Finding("a", "b").as_dict() == {"subject": "a", "says": "b", "remedy": "", "well": True}
    assert not Finding("a", "b", "c").well
