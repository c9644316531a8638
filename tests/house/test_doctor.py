"""`course doctor`: each thing that commonly goes wrong is found, and nothing else."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from course_utils import doctor
from course_utils.doctor import Finding
from tests.house.conftest import Result
from tests.house.samples import graded, write

SERVER = {"ServerApp": {"jpserver_extensions": {doctor.SERVER_EXTENSION: True}}}


@pytest.fixture
def fitting(course: Path) -> Path:
    """A course folder whose notebook asks for a check that is installed."""
    write(course / "notebooks" / "00_start_here" / "00_start_here.ipynb", graded("mean_squared_error_visible", "", 1))
    return course


def test_a_sound_course_is_well(run: Callable[..., Result], fitting: Path) -> None:
    ended = run("doctor")
    assert ended.code == 0, ended.out
    assert all(line.startswith("ok ") for line in ended.out.splitlines())
    assert ended.out.endswith("ok   notebooks: they fit the installed checks.\n")
    assert all(finding["well"] for finding in json.loads(run("doctor", "--json").out))


def test_what_is_wrong_comes_with_its_remedy(run: Callable[..., Result], course: Path) -> None:
    ended = run("doctor")
    assert ended.code == 1
    lines = ended.out.splitlines()
    at = lines.index("fix  notebooks: 00_start_here.ipynb asks for checks that are not installed: other.")
    assert lines[at + 1].strip().startswith("Notebook and package are of different age.")


def test_the_wrong_folder(tmp_path: Path) -> None:
    finding = doctor.examine(tmp_path)[-1]
    assert finding.subject == "folder"
    assert not finding.well


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
    assert doctor.validate_button().says == "nbgrader's extension of JupyterLab is missing."


@pytest.mark.parametrize("name", [doctor.LAB_EXTENSION, doctor.VALIDATE_PLUGIN])
def test_the_validate_button_switched_off(jupyter: Path, name: str) -> None:
    write_json(jupyter / "own" / "labconfig" / "page_config.json", {"disabledExtensions": {name: True}})
    assert doctor.validate_button().says == "nbgrader's extension of JupyterLab is switched off."


@pytest.mark.parametrize("settings", [{"ServerApp": {"jpserver_extensions": {doctor.SERVER_EXTENSION: False}}}, None])
def test_the_servers_part_switched_off(jupyter: Path, settings: object) -> None:
    if settings is None:
        (jupyter / "config" / "jupyter_server_config.d" / "nbgrader.json").write_text("{")
    else:
        write_json(jupyter / "own" / "jupyter_server_config.json", settings)
    assert doctor.validate_button().says == "nbgrader's extension of the server is switched off."


def test_no_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Activate the course's environment" in doctor.gradebook().remedy


def test_a_folder_that_cannot_be_written(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    [finding] = doctor.writing(course / "notebooks")
    assert finding.says == "the notebooks cannot be saved."
    assert finding.remedy.startswith(f"Cannot use {course / 'notebooks' / '00_start_here'}: permission is missing.")


def test_a_notebook_that_cannot_be_read(course: Path) -> None:
    (course / "notebooks" / "00_start_here" / "00_start_here.ipynb").write_text("{")
    [finding] = doctor.freshness(course / "notebooks")
    assert finding.says == "00_start_here.ipynb cannot be read."
    assert "is not JSON" in finding.remedy


def test_a_finding_is_well_when_it_needs_no_remedy() -> None:
    assert Finding("a", "b").as_dict() == {"subject": "a", "says": "b", "remedy": "", "well": True}
    assert not Finding("a", "b", "c").well
