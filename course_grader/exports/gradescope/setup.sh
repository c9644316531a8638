#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of the autograder.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

# The source holds the hidden checks, and submissions run as another user.
chmod 700 "$root/source"

find_python() {
  for python in python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  return 1
}

if ! python=$(find_python); then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3.12 python3.12-venv ||
    apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
  python=$(find_python)
fi

[ -x "$root/venv/bin/python" ] || "$python" -m venv "$root/venv"
# What grades needs more than a learner installs; the versions are those that the keys were made with.
"$root/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
  --constraint "$root/source/constraints.txt" --requirement "$root/source/requirements.txt" "$root"/source/*.whl
