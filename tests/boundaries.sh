#!/bin/sh
# The table of the architecture, held: which headers a module may not include, and that every public header stands alone.
# CMake's private include folders keep our own headers apart; system headers lie in one folder for all, so they are checked here.
set -eu
cd "$(dirname "$0")/.."
bad=0

# forbid <folder> <pattern> <why>
forbid() {
    if found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" --include='*.c' --include='*.h' "$1"); then
        echo "$1: $3:" >&2
        echo "$found" >&2
        bad=1
    fi
}

forbid core 'uv\.h|microhttpd|c?[jJ]SON|sqlite3|curl/|sodium|ini\.h|proto/|server/|base/|store/' 'core knows only libc, libm, pthread, BLAS and Random123'
forbid proto 'uv\.h|microhttpd|sqlite3|curl/|pthread|sys/socket|cblas|base/|store/|jobs/|http/' 'proto turns bytes into structs, no more'
forbid server/store 'microhttpd|c?[jJ]SON\.h|cjson/|cblas|mi/run\.h|mi/estimate\.h|http/|jobs/' 'the store keeps, it neither serves nor computes'
forbid server/models 'microhttpd|c?[jJ]SON\.h|cjson/|sqlite3|uv\.h|http/|jobs/' 'models at work know no HTTP, no JSON, no SQL'
forbid server/jobs 'microhttpd|c?[jJ]SON\.h|cjson/|sqlite3|http/' 'workers know no HTTP, no SQL, and JSON only through proto'
forbid server/screens 'microhttpd|c?[jJ]SON\.h|cjson/|sqlite3|http/|jobs/' 'what a screen is of, for whoever takes it and whoever does it'
forbid server/http 'sqlite3|cblas|c?[jJ]SON\.h|cjson/|mi/(run|estimate|model|screen|null|roc)\.h|jobs/' 'handlers neither compute nor run SQL'
forbid clients 'uv\.h|microhttpd|sqlite3|cblas|mi/(run|estimate|spec|info|objective)|base/|store/|jobs/|http/' 'the client speaks the protocol, nothing else'

if found=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<(hdf5|H5[A-Za-z]*|seccomp)\.h>' --include='*.c' --include='*.h' core proto server clients |
    grep -v '^server/hdf5/program/'); then
    echo "libhdf5 and libseccomp belong to mutuald-hdf5, the process apart:" >&2
    echo "$found" >&2
    bad=1
fi

if found=$(grep -rnE '(^|[^a-z_])(printf|fprintf|puts|exit|abort|fopen|open)[[:space:]]*\(' --include='*.c' core/src); then
    echo "core prints, exits or opens files:" >&2
    echo "$found" >&2
    bad=1
fi

for header in core/include/mi/*.h proto/include/proto/*.h; do
    ${CC:-cc} -std=c11 -Wall -Wextra -pedantic -Werror -fsyntax-only -x c -I core/include -I proto/include "$header" || bad=1
done
[ $bad -eq 0 ] && echo "boundaries: hold"
exit $bad
