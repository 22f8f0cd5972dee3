#!/bin/sh
# The container image, for real and without a Docker engine: built by buildah on a base made by debootstrap, run by podman and runc.
#
#   sh tests/container.sh        about three minutes, as root; a folder below /tmp that is removed afterwards
#
# Checks: it builds; no compiler in it; runs as uid 10001 with a read-only root and no capabilities; refuses to be open by accident; the health check
# answers; a job runs to its end; its reader takes an HDF5 file; SIGTERM ends it with 0; the data volume survives.
set -eu
cd "$(dirname "$0")/.."

skip() { echo "container: skipped: $*"; exit 77; }
fail() { echo "container: FAILED: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || skip "needs root"
export DEBIAN_FRONTEND=noninteractive
for tool in buildah podman runc debootstrap; do
    command -v $tool >/dev/null || apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends buildah podman runc debootstrap \
        || skip "cannot install $tool"
done

work=$(mktemp -d /tmp/mutuald-container.XXXXXX)
export CONTAINERS_STORAGE_CONF="$work/storage.conf" CONTAINERS_REGISTRIES_CONF="$work/registries.conf" BUILDAH_ISOLATION=chroot
cat >"$CONTAINERS_STORAGE_CONF" <<EOF
[storage]
driver = "overlay"
graphroot = "$work/store"
runroot = "$work/run"
EOF
cat >"$CONTAINERS_REGISTRIES_CONF" <<EOF
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
EOF
podman() { command podman --runtime=runc --cgroup-manager=cgroupfs --events-backend=file "$@"; }
cleanup() {
    podman rm -f -t 5 mutuald-ci >/dev/null 2>&1 || true
    umount -R "$work/store/overlay" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

echo "container: base"
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" >"$work/debootstrap.log" 2>&1 || skip "debootstrap: $(tail -n 1 "$work/debootstrap.log")"
# The base has to reach the same package mirror as this machine.
cp /etc/apt/sources.list "$work/root/etc/apt/" 2>/dev/null || true
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$work/root/etc/apt/" 2>/dev/null || true
tar -C "$work/root" -cf "$work/base.tar" .
podman import -q "$work/base.tar" docker.io/library/debian:bookworm-slim >/dev/null
rm -rf "$work/root" "$work/base.tar"

echo "container: build"
buildah bud --isolation chroot --format docker --pull-never --layers -t localhost/mutuald:ci . >"$work/build.log" 2>&1 || {
    tail -n 40 "$work/build.log" >&2
    fail "the image does not build"
}
podman image inspect localhost/mutuald:ci --format 'container: image size {{.Size}} bytes, user {{.Config.User}}'

run() {
    podman run --name mutuald-ci --pull=never --no-healthcheck --ulimit nofile=1024:4096 --ulimit nproc=4096:4096 --network=host \
        --read-only --cap-drop=all --security-opt=no-new-privileges -v "$work/data:/data" "$@"
}
mkdir -p "$work/data"
chown 10001:10001 "$work/data"
chmod 700 "$work/data"

if run --rm --entrypoint /bin/sh localhost/mutuald:ci -c 'command -v gcc cc clang make cmake'; then
    fail "there is a compiler in the image"
fi
if run --rm localhost/mutuald:ci >"$work/open.log" 2>&1; then
    fail "it listens beyond loopback without a token"
fi
grep -q -- --token-file "$work/open.log" || fail "the refusal does not say what to do: $(cat "$work/open.log")"

start() {
    rm -f "$work/data/port"
    run -d localhost/mutuald:ci --listen 127.0.0.1:0 --port-file /data/port >/dev/null
    for _ in $(seq 100); do
        [ -s "$work/data/port" ] && break
        sleep 0.1
    done
    [ -s "$work/data/port" ] || { podman logs mutuald-ci >&2; fail "it does not start"; }
    server=http://127.0.0.1:$(cat "$work/data/port")
}
start
pid=$(podman inspect mutuald-ci --format '{{.State.Pid}}')
awk '/^Uid:/ && $2 != 10001 || /^CapEff:/ && $2 != "0000000000000000" || /^NoNewPrivs:/ && $2 != 1 {bad = 1; print} END {exit bad}' "/proc/$pid/status" \
    || fail "privileges"
port=$(cat "$work/data/port")
podman exec -e MUTUALD_LISTEN="127.0.0.1:$port" mutuald-ci /usr/local/bin/mutuald --healthcheck || fail "the health check"

python3 clients/examples/gaussian_pair.py --d 2 --n 500 --nats 0.5 --out "$work" >/dev/null
curl -fsS -T "$work/x.npy" "$server/v1/datasets/x" >/dev/null
curl -fsS -T "$work/y.npy" "$server/v1/datasets/y" >/dev/null
curl -fsS "$server/v1/jobs" -H 'Content-Type: application/json' -H 'Prefer: wait=60' -d '{"x":{"dataset":"x"},"y":{"dataset":"y"}}' >"$work/job.json"
jq -r '"container: job \(.state), \(.result.mi.nats) nats (truth 0.5)"' "$work/job.json"
[ "$(jq -r .state "$work/job.json")" = succeeded ] || fail "the job: $(cat "$work/job.json")"

PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c '
import hdf5_files, sys
sys.stdout.buffer.write(hdf5_files.build(hdf5_files.per_protein()))' >"$work/proteins.h5"
curl -sS -T "$work/proteins.h5" "$server/v1/datasets/proteins" >"$work/proteins.json"
[ "$(jq -c '[.format, .rows, .columns, .ids]' "$work/proteins.json")" = '["hdf5",20,8,true]' ] || fail "the HDF5 file: $(cat "$work/proteins.json")"

podman stop -t 10 mutuald-ci >/dev/null
code=$(podman inspect mutuald-ci --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || fail "SIGTERM ended it with $code"
podman rm mutuald-ci >/dev/null
start
[ "$(curl -fsS "$server/v1/jobs/$(jq -r .id "$work/job.json")" | jq -r .state)" = succeeded ] || fail "the job is gone after a restart"
podman stop -t 10 mutuald-ci >/dev/null
echo "container: passed"
