"""pyproject.toml, environment.yml, requirements.lock and the environment say the same."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Packages with a different name in conda-forge, and those that environment.yml installs with pip.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
LEFT_TO_PIP = {"nbgrader"}
# See the Makefile: PyTorch stays out of the lock.
UNLOCKED = {"torch"}


def specifications(lines: list[str]) -> dict[str, str]:
    parsed = map(Requirement, lines)
    return {requirement.name: str(requirement.specifier) for requirement in parsed}


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split(";")[0].split("#")[0].strip() for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin) for pin in pins), pins
    return dict(pin.split("==") for pin in pins)


def test_conda_installs_what_a_learner_needs() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    [by_pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    wanted = specifications(PROJECT["dependencies"] + EXTRAS["lab"])
    wanted = {CONDA_NAMES.get(name, name): spec for name, spec in wanted.items() if name not in LEFT_TO_PIP}
    assert specifications(conda) == wanted | {"python": PROJECT["requires-python"], "pip": ""}
    assert by_pip == ["-e .[lab]"]
    assert environment["channels"][0] == "conda-forge"


def test_extras_agree_if_they_name_the_same_package() -> None:
    wanted: dict[str, set[str]] = {}
    for lines in (PROJECT["dependencies"], *EXTRAS.values()):
        for name, specification in specifications(lines).items():
            wanted.setdefault(name, set()).add(specification)
    assert {name: specs for name, specs in wanted.items() if len(specs) > 1} == {}


def test_the_lock_pins_every_requirement_within_its_range() -> None:
    pins = locked()
    for line in PROJECT["dependencies"] + [line for lines in EXTRAS.values() for line in lines]:
        requirement = Requirement(line)
        if requirement.name not in UNLOCKED:
            assert requirement.specifier.contains(pins[requirement.name]), line


def test_the_lock_pins_all_that_is_needed_in_turn() -> None:
    extras = set(EXTRAS) - {"site"}
    assert needed_by(PROJECT["name"], extras) - set(locked()) == UNLOCKED


def needed_by(name: str, extras: set[str]) -> set[str]:
    """Return the installed distributions that a distribution needs, directly or indirectly."""
    found: set[str] = set()
    waiting = [(name, frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        for requirement in map(Requirement, requires(name) or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                needed = canonicalize_name(requirement.name)
                if needed not in found:
                    waiting.append((needed, frozenset(requirement.extras)))
                found.add(needed)
    return found


def test_the_lock_names_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted|/(home|root|opt|usr|tmp)/", text)
