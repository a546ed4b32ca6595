#!/bin/sh
# Builds librobust_tickets_torch.so, the native part, with cmake, a C++ compiler and libtorch.
#   native/build.sh            into native/build, or into $ROBUST_TICKETS_NATIVE_BUILD
#   native/build.sh --cache    into a folder of the user's cache that is named after sources and
#                              libtorch; prints the path of the library
# Does nothing when neither the sources nor libtorch changed. LIBTORCH=/path/to/libtorch picks
# another libtorch than the system's (its include/ and lib/ are used).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=librobust_tickets_torch.so
fail() {
    echo "native/build.sh: $1; needed: apt-get install libtorch-dev libopenblas0-openmp libgloo-dev cmake make g++" \
        "(or LIBTORCH=/path/to/libtorch)" >&2
    exit 1
}

libtorch=${LIBTORCH:-}
if [ -n "$libtorch" ]; then
    [ -e "$libtorch/lib/libc10.so" ] || fail "LIBTORCH=$libtorch holds no lib/libc10.so"
    library=$libtorch/lib/libc10.so
else
    library=$(ls /usr/lib/*/libc10.so /usr/lib/libc10.so /usr/local/lib/libc10.so 2>/dev/null | head -n 1)
    [ -n "$library" ] || fail "no libtorch was found"
fi

# Inputs of the build: the sources and libtorch.
inputs() {
    cat "$here"/*.cpp "$here"/*.h "$here"/testing/*.cpp "$here/CMakeLists.txt"
    echo "$libtorch"
    ls -lL "$library"
    ls /usr/include/gloo/algorithm.h 2>/dev/null || true
}

need_tools() {
    command -v cmake >/dev/null || fail "cmake is missing"
    command -v make >/dev/null || fail "make is missing"
    command -v c++ >/dev/null || fail "a C++ compiler is missing"
}

# compile FOLDER LOG BUILD-OPTIONS...
compile() {
    folder=$1 log=$2
    shift 2
    if ! {
        cmake -S "$here" -B "$folder" ${libtorch:+-DCMAKE_PREFIX_PATH="$libtorch"} &&
            cmake --build "$folder" -j 2 "$@"
    } >"$log" 2>&1; then
        grep -nE 'error|Error|not find' "$log" | head -n 20 >&2 || true
        fail "the build failed (full log: $log)"
    fi
}

if [ "${1:-}" = --cache ]; then
    cache=${XDG_CACHE_HOME:-${HOME:?HOME and XDG_CACHE_HOME are not set}/.cache}/robust-tickets
    out=$cache/native-$(inputs | sha256sum | cut -c1-16)
    if [ ! -e "$out/$name" ]; then
        need_tools
        mkdir -p "$out"
        echo "native/build.sh: building $out/$name (once, about a minute)" >&2
        # Built in a temporary folder and renamed, so that concurrent builds are safe.
        work=$(mktemp -d "$out/work.XXXXXX")
        compile "$work" "$out/build.log" --target robust_tickets_torch
        mv "$work/$name" "$out/$name"
        rm -rf "$work"
    fi
    echo "$out/$name"
    exit 0
fi

need_tools
out=${ROBUST_TICKETS_NATIVE_BUILD:-$here/build}
stamp=$out/stamp
now=$({ inputs; c++ --version; } | sha256sum)
if [ -e "$out/$name" ] && [ -e "$out/librobust_tickets_fake_device.so" ] &&
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
    exit 0
fi

mkdir -p "$out"
# CMake rejects a cache of another source folder (a moved or copied checkout), and caches the
# path of libtorch.
cached=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$out/CMakeCache.txt" 2>/dev/null || true)
if [ "$cached" != "$here" ] || [ "$(cat "$stamp.libtorch" 2>/dev/null)" != "$libtorch" ]; then
    rm -rf "$out/CMakeCache.txt" "$out/CMakeFiles"
fi
compile "$out" "$out/build.log"
echo "$now" >"$stamp"
echo "$libtorch" >"$stamp.libtorch"
echo "native/build.sh: built $out/$name" >&2
