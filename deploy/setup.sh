#!/bin/sh
# Installs what Kymo needs and builds it. Safe to run again at any time; when nothing is missing it says nothing and takes about a second.
# Usage: sh deploy/setup.sh [quickstart|test|ci]
set -eu
unset CDPATH
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

PURPOSE=${1:-quickstart}
case "$PURPOSE" in
  quickstart | test | ci) ;;
  *) stop "setup.sh: there is no purpose \"$1\"; use quickstart, test or ci." ;;
esac

LOG=$(mktemp "${TMPDIR:-/tmp}/kymo-setup.XXXXXX")
trap 'rm -f "$LOG"' EXIT

# ---- Node ----

has node || stop 'Node.js is missing: install version 20.19 or newer from https://nodejs.org, then run this again.'
NODE=$(node --version)
NODE_MAJOR=${NODE#v}; NODE_MAJOR=${NODE_MAJOR%%.*}
NODE_MINOR=${NODE#v*.}; NODE_MINOR=${NODE_MINOR%%.*}
if [ "$NODE_MAJOR" -lt 20 ] || { [ "$NODE_MAJOR" -eq 20 ] && [ "$NODE_MINOR" -lt 19 ]; }; then
  stop "Node.js $NODE is too old: install version 20.19 or newer from https://nodejs.org, then run this again."
fi

if ! node deploy/installed.mjs; then
  has npm || stop 'npm is missing: it comes with Node.js from https://nodejs.org (Debian: apt-get install npm); install it, then run this again.'
  say '  npm packages: the libraries Kymo is built from, into node_modules/ (npm ci)'
  # npm ci refuses a lockfile that was written where packages for other platforms could not be seen; install then takes the same versions.
  npm ci --no-audit --no-fund >"$LOG" 2>&1 || npm install --no-save --no-audit --no-fund >"$LOG" 2>&1 || {
    head -n 12 "$LOG" >&2
    stop 'npm could not install the packages; it says why above. Check the network, then run this again.'
  }
fi

# ---- system packages ----

SUDO=
[ "$(id -u)" -eq 0 ] || SUDO=sudo
UPDATED=

can_apt() { has apt-get && { [ -z "$SUDO" ] || has sudo; }; }
apt() { $SUDO env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$LOG" 2>&1 </dev/null; }

# install_packages PACKAGE...: package lists are fetched at most once, and only if what is known of them does not suffice.
install_packages() {
  apt install --no-install-recommends "$@" && return 0
  if [ -z "$UPDATED" ]; then
    UPDATED=yes
    apt update || true
    apt install --no-install-recommends "$@" && return 0
  fi
  tail -n 5 "$LOG" >&2
  return 1
}

# need PACKAGE WHY ELSEWHERE: one line, then the installation; without apt the line to follow by hand.
need() {
  if can_apt; then
    say "  $1: $2 (apt-get)"
    install_packages "$1" || stop "$1 could not be installed with apt-get; its last lines are above. Install $1 by hand ($3), then run this again."
  else
    say "$1 is missing; Kymo needs it: $2. Install it ($3), then run this again." >&2
    MISSING=yes
  fi
}
MISSING=

has_nats() {
  [ -n "${NATS_SERVER:-}" ] && [ -x "$NATS_SERVER" ] && return 0
  has nats-server || [ -x /usr/sbin/nats-server ] || [ -x /usr/local/sbin/nats-server ] || [ -x /usr/local/bin/nats-server ]
}
new_python() { has "$1" && "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; }

has_nats || need nats-server 'carries the messages between the actors' 'brew install nats-server, or a release from https://github.com/nats-io/nats-server/releases'
if [ "$(uname -s)" = Linux ]; then
  has bwrap || need bubblewrap 'keeps the scripts that agents write away from your files and network' 'dnf, pacman and zypper call it bubblewrap'
  has prlimit || need util-linux 'sets the limits of a script' 'dnf, pacman and zypper call it util-linux'
fi
new_python /usr/bin/python3 || new_python python3 || need python3 'runs the tasks and the scripts that agents write' 'Python 3.9 or newer, from your system or https://www.python.org'
[ -z "$MISSING" ] || exit 1

# ---- build ----

node deploy/build.mjs || stop 'The build failed; the compiler says why above.'

# ---- what the tasks' scripts import ----

# For the quickstart pip, and where pip cannot, Debian. Tests run every task: there Debian comes first, whose PyTorch is a tenth of pip's.
if [ "$PURPOSE" = quickstart ]; then
  TASKS=vectorization
else
  TASKS=--all
fi
from_debian() {
  say "  $LACKING: what the tasks' scripts import (apt-get$1)"
  # shellcheck disable=SC2086 # a list of packages
  install_packages $LACKING
}
LACKING=$(node deploy/python.mjs --lacking "$TASKS")
if [ -n "$LACKING" ]; then
  if [ "$PURPOSE" != quickstart ] && can_apt; then from_debian '' || true; fi
  if ! node deploy/python.mjs "$TASKS" 2>"$LOG.python"; then
    if [ "$PURPOSE" != quickstart ]; then
      # Other tests run all the same; those that wait for these packages say so.
      cat "$LOG.python" >&2
      say '  without these the tests of some tasks are skipped' >&2
    elif ! can_apt || ! from_debian ', because pip could not' || ! node deploy/python.mjs "$TASKS" 2>>"$LOG.python"; then
      cat "$LOG.python" >&2
      rm -f "$LOG.python"
      exit 1
    fi
  fi
  rm -f "$LOG.python"
fi
