#!/bin/sh
# From a bare Debian 12 to two finished jobs: installs, builds, starts the daemon, estimates, and keeps serving until Ctrl-C.
#
#   sh deploy/quickstart.sh            install, build, serve, run two jobs, keep serving
#   sh deploy/quickstart.sh --once     stop after the jobs
#   sh deploy/quickstart.sh --protein  a third job: ligand against receptor embeddings from ../shared/data
#
# MUTUALD_LISTEN (default 127.0.0.1:8080) and MUTUALD_DATA_DIR (default build/quickstart-data) are the daemon's own settings.
set -eu
cd "$(dirname "$0")/.."

once=false
protein=false
for argument in "$@"; do
    case $argument in
        --once) once=true ;;
        --protein) protein=true ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

say "Installing what is missing"
sh deploy/install-deps.sh build

say "Building"
cmake --preset release >/dev/null
cmake --build --preset release --target mutuald mutual
daemon=build/release/server/mutuald
mutual=build/release/clients/cli/mutual

export MUTUALD_LISTEN="${MUTUALD_LISTEN:-127.0.0.1:8080}"
export MUTUALD_DATA_DIR="${MUTUALD_DATA_DIR:-build/quickstart-data}"
mkdir -p "$MUTUALD_DATA_DIR"
port_file=$MUTUALD_DATA_DIR/port
log=$MUTUALD_DATA_DIR/daemon.log
rm -f "$port_file"

say "Starting mutuald on $MUTUALD_LISTEN (log: $log)"
# In a session of its own: Ctrl-C is for this script, which then stops the daemon once, in order.
setsid "$daemon" --port-file "$port_file" 2>"$log" &
pid=$!
stop() {
    trap - INT TERM HUP EXIT
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}
trap 'stop; exit 130' INT TERM HUP
trap stop EXIT
tries=0
until [ -s "$port_file" ]; do
    tries=$((tries + 1))
    if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -gt 100 ]; then
        echo "mutuald did not start:" >&2
        tail -n 5 "$log" >&2
        exit 1
    fi
    sleep 0.1
done
MUTUAL_SERVER="http://${MUTUALD_LISTEN%:*}:$(cat "$port_file")"
export MUTUAL_SERVER
"$mutual" info

work=$MUTUALD_DATA_DIR/examples
mkdir -p "$work"

say "1. A law whose MI is known: Gaussian pairs, 5 + 5 columns, 4,000 rows"
python3 clients/examples/gaussian_pair.py --d 5 --n 4000 --nats 1.5 --out "$work"
echo "   truth: 1.5 nats"
"$mutual" estimate "$work/x.npy" "$work/y.npy"

say "2. Real data: top half of a handwritten digit against its bottom half (UCI, 1,797 images)"
"$mutual" estimate clients/examples/data/digits_top.npy clients/examples/data/digits_bottom.npy --tag example=digits | tee "$work/digits.txt"
digits=$("$mutual" -o json jobs ls --limit 1 | sed -n 's/.*"id" *: *"\(job_[0-9A-Z]*\)".*/\1/p' | head -n 1)
"$mutual" curve "$digits"
"$mutual" pmi "$digits" --top 5

if $protein; then
    data=../shared/data/ppi_ligrec
    if [ -f "$data/x_ligand.npy" ]; then
        say "3. Protein embeddings: ligand against receptor, 1,219 pairs"
        "$mutual" estimate "$data/x_ligand.npy" "$data/y_receptor.npy" --tag example=ligand-receptor
    else
        echo "--protein: $data is not there; skipped" >&2
    fi
fi

say "Where to look next"
cat <<EOF
  curl -s $MUTUAL_SERVER/v1/jobs                       every job, newest first
  curl -s $MUTUAL_SERVER/v1/jobs/$digits/pmi?top=5     the pairs that carry most information
  curl -s $MUTUAL_SERVER/openapi.json                  the whole API
  export MUTUAL_SERVER=$MUTUAL_SERVER
  $mutual pmi $digits -o csv                           PMI of every pair
  $mutual curve $digits                                training curves
EOF

if $once; then
    exit 0
fi
say "Serving on $MUTUAL_SERVER until Ctrl-C"
wait "$pid"
