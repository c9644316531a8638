# Everything runs in .venv; nothing is installed outside it. `make` alone lists the targets.

VENV ?= .venv
# More options for pip, such as an index with the CPU build of PyTorch.
PIPFLAGS ?=
# More options for pytest, such as `-k progress`.
PYTESTFLAGS ?=
# `make test STRICT=1`: a test that is skipped for lack of a tool makes the run fail.
STRICT ?=

# nbgrader calls the program `alembic` by name.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Compiled modules are kept: every command of the tests would compile the course again.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(VENV)/bin/python .ci/install.py
PINNED := pyproject.toml requirements.lock

PARALLEL := --numprocesses auto --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help lab test check lesson lint format types build check-build site lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

lab: $(VENV)/.lab  ## set up and open JupyterLab on the first notebook
	@$(VENV)/bin/course lab

test: $(VENV)/.dev  ## set up and run all tests; STRICT=1 allows no skip
	@$(VENV)/bin/python -m tests.tools
	@$(VENV)/bin/python -m pytest $(PARALLEL) $(if $(STRICT),--no-skips) $(PYTESTFLAGS)

check: lint types  ## lint, types and the tests that are not slow (tests/slow.toml)
	@$(VENV)/bin/python -m pytest --fast $(PARALLEL) $(PYTESTFLAGS)

lesson: $(VENV)/.dev  ## build one lesson and run its tests: make lesson L=04
	@[ -n "$(L)" ] || { echo "Name a lesson: make lesson L=04" >&2; exit 1; }
	$(VENV)/bin/course build $(L)
	@$(VENV)/bin/python -m pytest $(PARALLEL) tests/lessons tests/engine/test_lessons.py tests/grading/test_nbgrader.py \
	  -k "$(L) or test_$(L:a=) or test_$(L:b=)" $(PYTESTFLAGS)

lint: $(VENV)/.dev  ## check style, formatting, wording and which package may import which
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python .ci/wording.py

format: $(VENV)/.dev  ## bring the code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(VENV)/.dev  ## check the types
	$(VENV)/bin/mypy

build: $(VENV)/.dev  ## build solutions/, notebooks/, keys and hints from lessons/
	$(VENV)/bin/course build

check-build: $(VENV)/.dev  ## tell whether what is built is up to date
	$(VENV)/bin/course build --check

site: $(VENV)/.dev  ## build the website, with every lesson executed, into build/site/html
	$(VENV)/bin/course site

# PyTorch stays out of the lock: for Linux the lock would have to name its CUDA libraries, several gigabytes that no
# test uses. The extra `parity` pins it instead, and what it needs besides CUDA is locked here.
TORCH_NEEDS := filelock fsspec jinja2 networkx setuptools sympy
lock: $(VENV)/bin/pip  ## pin the newest versions that work together, for every system
	$(VENV)/bin/python -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check $(PIPFLAGS) uv
	printf '%s\n' $(TORCH_NEEDS) | build/lock/bin/uv pip compile pyproject.toml - \
	  --extra lab --extra grader --extra cluster --extra postgres --extra site --extra test \
	  --universal --python-version 3.11 --fork-strategy fewest --upgrade --no-emit-index-url \
	  --annotation-style line --custom-compile-command 'make lock' --quiet --output-file requirements.lock

clean:  ## remove caches and builds; .venv, your answers and the gradebook stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The stamps make a second call instant; a change of the requirements installs again.
$(VENV)/.lab: $(PINNED) | $(VENV)/bin/pip
	@$(INSTALL) lab $(PIPFLAGS)
	@touch $@

$(VENV)/.dev: $(PINNED) | $(VENV)/bin/pip
	@$(INSTALL) lab,grader,cluster,postgres,site,test,parity $(PIPFLAGS)
	@touch $@ $(VENV)/.lab

$(VENV)/bin/pip:
	@for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14 python; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with venv was found. Install one (on Debian: python3 and python3-venv)," \
	  "or name it: make PYTHON=/path/to/python3" >&2; exit 1
