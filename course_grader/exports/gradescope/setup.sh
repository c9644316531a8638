#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

# The source contains the hidden checks. Submissions run as another user, who must not read them.
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
# Grading needs more packages than a learner has. The versions are those with which the keys were made.
"$root/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
  --constraint "$root/source/constraints.txt" --requirement "$root/source/requirements.txt" "$root"/source/*.whl
