"""A pytest plugin that lets nbgrader's own tests run with our configuration: `pytest -p tests.own.nbgrader_plugin`.

nbgrader's tests write an nbgrader_config.py of their own into the working folder. Ours is put where Jupyter looks
first, so that theirs adds to it, as a teacher's own settings would. Tests of nbgrader's Python interface read no file:
there, our configuration is put below the one that the test passes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps.api import NbGraderAPI
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from tests import commands, kernels
from tests.own.course import CONFIG, our_configuration


def pytest_configure(config: pytest.Config) -> None:
    folder = tempfile.TemporaryDirectory(prefix="our-configuration-")
    config.add_cleanup(folder.cleanup)
    (Path(folder.name) / CONFIG).write_text(our_configuration(), encoding="utf-8")
    os.environ["JUPYTER_CONFIG_PATH"] = folder.name
    commands.leave_out_what_no_test_needs()
    kernels.fork_kernels(kernels.address)
    _configure_api(PyFileConfigLoader(CONFIG, path=folder.name).load_config())


def _configure_api(ours: Config) -> None:
    original = NbGraderAPI.__init__

    def configured(self: NbGraderAPI, coursedir: Any = None, authenticator: Any = None, **options: Any) -> None:
        merged = Config(ours)
        merged.merge(options.pop("config", Config()))
        original(self, coursedir, authenticator, config=merged, **options)

    NbGraderAPI.__init__ = configured
