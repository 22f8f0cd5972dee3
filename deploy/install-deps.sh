#!/bin/sh
# Install what mutuald needs on Debian 12, and nothing else.
#
#   sh deploy/install-deps.sh [build|run|test|bench]...     default: build
#
#   run     the libraries that the finished programs load
#   build   run, and compilers and headers
#   test    build, and what the tests use besides
#   bench   build, and what the benchmarks compare with
#
# As root, or through sudo. Already installed packages cost nothing; nothing is removed.
set -eu

# libmicrohttpd12   HTTP server               libuv1         event loop
# libcjson1         JSON trees                libsqlite3-0   store
# libopenblas0-pthread  BLAS/LAPACK, the flavour that concurrent callers may share
# libsodium23       SHA-256, constant-time comparison, random bytes
# libinih1          ini files                 libsystemd0    readiness notification
# libhdf5-103-1     HDF5 uploads              libseccomp2    system call filter of their reader
# libcurl4          the client                ca-certificates  for the client's https
# zlib1g            gzip and npz
run_packages="libmicrohttpd12 libuv1 libcjson1 libopenblas0-pthread libsqlite3-0 libsodium23 libinih1 libsystemd0 libhdf5-103-1 libseccomp2 libcurl4 zlib1g ca-certificates"

# librandom123-dev  counter-based random numbers (headers only)
# python3-yaml      turns proto/openapi.yaml into the JSON that the daemon serves
build_packages="gcc libc6-dev cmake ninja-build pkg-config python3 python3-yaml
  libmicrohttpd-dev libuv1-dev libcjson-dev libopenblas-dev libopenblas-pthread-dev libsqlite3-dev libsodium-dev libinih-dev
  libsystemd-dev libhdf5-dev libseccomp-dev libcurl4-openssl-dev zlib1g-dev librandom123-dev"

# check             unit tests                clang, libclang-rt-14-dev  fuzz targets
# python3-*         whole-daemon tests        sqlite3, curl, jq          looking from outside
test_packages="check clang libclang-rt-14-dev clang-format python3-pytest python3-numpy python3-sklearn python3-h5py sqlite3 curl jq shellcheck git procps"

# python3-torch     a peer of tests/bench     wrk            load on the HTTP front
# python3-h5py      another
# check             without it CMake leaves tests/, and bench/ in it, out
bench_packages="check python3 python3-numpy python3-torch python3-h5py wrk"

packages=""
for set in "${@:-build}"; do
    case $set in
        run) packages="$packages $run_packages" ;;
        build) packages="$packages $run_packages $build_packages" ;;
        test) packages="$packages $run_packages $build_packages $test_packages" ;;
        bench) packages="$packages $run_packages $build_packages $bench_packages" ;;
        *) echo "usage: $0 [run|build|test|bench]..." >&2; exit 2 ;;
    esac
done

missing=""
for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "install-deps: everything is there"
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install-deps: run this as root, or install sudo; missing:$missing" >&2; exit 1; }
    as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
echo "install-deps: installing$missing"
$as_root apt-get -o DPkg::Lock::Timeout=300 update -qq
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing
