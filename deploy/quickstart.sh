#!/bin/sh
# The first five minutes: installs what is missing, then runs the paper's vectorization task with an agent that needs no model.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."
sh deploy/setup.sh quickstart

# The one place that says what the quickstart runs.
exec deploy/kymo run vectorization --agent scripted --agent-config script=tasks/vectorization/demo.yaml "$@"
