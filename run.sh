#!/usr/bin/env bash
# Everyday commands. Each one installs first when something changed. Try: ./run.sh demo, ./run.sh test
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Every command starts several processes: where bytecode may not be kept, each compiles all packages anew.
unset PYTHONDONTWRITEBYTECODE

VENV=.venv
PYTHON=$VENV/bin/python
GOODWORD=$VENV/bin/goodword

install() { install_once runtime; }

demo() { install_once runtime; exec "$GOODWORD" demo "$@"; }

serve() { install_once runtime; exec "$GOODWORD" serve "$@"; }

# All tests on two processes, each file in one of them. Words after `test` go to pytest: ./run.sh test tests/domain -k refund
run_tests() {
  install_once dev
  ensure_chromium
  exec "$PYTHON" -m pytest -n "${TEST_PROCESSES:-2}" --dist loadfile --no-loadscope-reorder "$@"
}

check() {
  install_once dev
  "$VENV/bin/ruff" check .
  "$VENV/bin/ruff" format --check .
  "$VENV/bin/lint-imports"
  "$PYTHON" -m django check --settings goodword.server.settings
  git ls-files -z '*.html' | xargs -0 -r "$VENV/bin/djade" --check --target-version 5.2
  "$VENV/bin/mypy"
}

fmt() {
  install_once dev
  "$VENV/bin/ruff" check --fix-only .
  "$VENV/bin/ruff" format .
  git ls-files -z '*.html' | xargs -0 -r "$VENV/bin/djade" --target-version 5.2
}

# Run one file of bench/ or campaigns/ by its name, or all of them.
bench() { run_folder bench "$@"; }
campaign() { run_folder campaigns "$@"; }

# Write constraints.txt anew from the newest releases that pyproject.toml allows.
pin() {
  local fresh
  fresh=$(mktemp -d)
  trap 'rm -rf "$fresh"' EXIT
  "$(find_python)" -m venv "$fresh"
  "$fresh/bin/pip" install --quiet hatchling editables
  dev_requirements | xargs "$fresh/bin/pip" install --quiet '.[spark]'
  "$fresh/bin/pip" freeze --all | grep -E '^[A-Za-z0-9._-]+==[^ ]+$' | grep -vE '^(goodword|pip|setuptools)==' |
    LC_ALL=C sort -f >constraints.txt
}

# --- below: how the commands above do it

run_folder() {
  local folder=$1 name=${2:-} script
  install_once dev
  if [ -n "$name" ]; then
    [ -f "$folder/$name.py" ] || fail "There is no $folder/$name.py. There are: $(names_in "$folder")"
    PYTHONPATH=. exec "$PYTHON" "$folder/$name.py" "${@:3}"
  fi
  for script in "$folder"/[!_]*.py; do
    [ -f "$script" ] || continue
    echo "== $script"
    PYTHONPATH=. "$PYTHON" "$script"
  done
}

names_in() { (cd "$1" && ls -- [!_]*.py 2>/dev/null | sed 's/\.py$//' | tr '\n' ' '); }

install_once() {
  local stamp=$VENV/.installed-$1 wanted
  wanted="$PWD $(cat pyproject.toml constraints.txt | cksum)"
  if [ -x "$PYTHON" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  echo "Installing into $VENV ($1)"
  make_venv
  if [ "$1" = dev ]; then install_packages $(dev_requirements); else install_packages; fi
  echo "Compiling the commission rules (once, about half a minute)"
  "$PYTHON" -m goodword.domain.settlement.warm
  echo "$wanted" >"$stamp"
  if [ "$1" = dev ]; then echo "$wanted" >"$VENV/.installed-runtime"; fi
}

make_venv() {
  # A folder that was copied or moved holds programs that point to its old place.
  if [ -x "$GOODWORD" ] && "$GOODWORD" --version >/dev/null 2>&1 && grep -qF "$PWD/$VENV" "$GOODWORD"; then return; fi
  local python
  if python=$(find_python); then
    "$python" -m venv --clear "$VENV" 2>/dev/null || make_venv_with_uv "$python"
  else
    make_venv_with_uv 3.11
  fi
}

make_venv_with_uv() {
  command -v uv >/dev/null || fail "Python 3.11 or newer with its venv module is needed (on Debian: apt-get install python3-venv)."
  uv venv --quiet --clear --seed --python "$1" "$VENV"
}

install_packages() {
  # The build of our own package is held to the same versions.
  export PIP_CONSTRAINT=$PWD/constraints.txt UV_BUILD_CONSTRAINT=$PWD/constraints.txt
  if command -v uv >/dev/null &&
    uv pip install --quiet --python "$PYTHON" --constraint constraints.txt --editable . "$@"; then return; fi
  # What is imported is compiled then; all files of so many packages would take as long as installing them.
  "$PYTHON" -m pip install -qq --no-compile --disable-pip-version-check --editable . "$@"
}

dev_requirements() {
  "$(find_python)" -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"]))'
}

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

ensure_chromium() {
  if chromium_works; then return; fi
  echo "Installing Chromium for the browser tests"
  command -v apt-get >/dev/null || fail "$NO_CHROMIUM"
  apt_install chromium-headless-shell || apt_install chromium || {
    as_root apt-get update --quiet >/dev/null || true
    apt_install chromium-headless-shell || apt_install chromium || fail "$NO_CHROMIUM"
  }
  chromium_works || fail "$NO_CHROMIUM"
}

apt_install() { as_root apt-get install --yes --quiet "$1" >/dev/null 2>&1; }

NO_CHROMIUM='No Chromium was found, and it could not be installed with apt-get.
Install it and put it on the PATH, or name it: GOODWORD_CHROMIUM=/path/to/chromium ./run.sh test
Without it, only the tests that need no browser can run: .venv/bin/pytest -m "not browser"'

chromium_works() {
  local candidate
  for candidate in "${GOODWORD_CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
      GOODWORD_CHROMIUM=$(command -v "$candidate")
      export GOODWORD_CHROMIUM
      return
    fi
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then DEBIAN_FRONTEND=noninteractive "$@"; return; fi
  command -v sudo >/dev/null || fail "$NO_CHROMIUM"
  sudo env DEBIAN_FRONTEND=noninteractive "$@"
}

fail() {
  echo "$1" >&2
  exit 1
}

usage() {
  cat <<'TEXT'
./run.sh install          make .venv/ with the command .venv/bin/goodword
./run.sh demo             load a real year and a half of purchases, settle them, serve the result
./run.sh serve            start the product: database, web, worker
./run.sh test [words]     all tests; words go to pytest
./run.sh check            style, types, layers, templates
./run.sh fmt              put code and templates in order
./run.sh bench [name]     measure: one file of bench/, or all
./run.sh campaign [name]  long trials: one file of campaigns/, or all
./run.sh pin              write constraints.txt anew
TEXT
}

case "${1:-}" in
  install | demo | serve | check | fmt | bench | campaign | pin) "$@" ;;
  test) run_tests "${@:2}" ;;
  *) usage; [ -z "${1:-}" ] || exit 2 ;;
esac
