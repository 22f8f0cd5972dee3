#!/bin/sh
# Everything that has to hold, on a bare Debian 12: installs what the tests use, builds release, asan (+UBSan) and tsan, runs all of it.
#
#   sh tests/run.sh            everything
#   sh tests/run.sh release    one part only: release | asan | tsan
#   sh tests/run.sh container  the container image, built and run for real (tests/container.sh); not part of everything: it needs root and a mirror
#
# A test that cannot run here says why and is counted as skipped; a failing one fails the script.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

# build and test one preset: the preset, the targets to build, and what ctest is to run of it
check() {
    preset=$1
    targets=$2
    shift 2
    say "$preset: build"
    cmake --preset "$preset" -DMUTUALD_WERROR=ON >/dev/null
    # shellcheck disable=SC2086 # a list of words
    cmake --build --preset "$preset" --target $targets
    say "$preset: ctest $*"
    # One more than there are cores: some tests wait more than they work.
    ctest --test-dir "build/$preset" -j"$(($(nproc) + 1))" --output-on-failure --no-tests=error "$@"
    say "$preset: skipped"
    grep -hiE '^SKIPPED|skipped:' "build/$preset/Testing/Temporary/LastTest.log" || echo "nothing"
}

say "dependencies"
sh deploy/install-deps.sh test

if [ $# -eq 0 ] || [ "$1" = release ]; then
    say "shell scripts, formatting"
    shellcheck deploy/*.sh tests/*.sh
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
    check release all
fi
# Sanitizers slow training down tenfold: they run all but the accuracy tests; tsan, what has threads and what makes
# the daemon use them.
if [ $# -eq 0 ] || [ "$1" = asan ]; then
    check asan all -L 'unit|fuzz|http|fault' -LE accuracy
fi
if [ $# -eq 0 ] || [ "$1" = tsan ]; then
    check tsan 'mutuald mutual unit_store unit_models unit_server' -R 'unit/store|unit/models|unit/server|^http' -E 'cli|readme|openapi|categorical|bad_specs' -LE accuracy
fi
if [ "${1-}" = container ]; then
    say "container"
    sh tests/container.sh
fi
say "all passed"
