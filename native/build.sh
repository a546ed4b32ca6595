#!/bin/sh
# Builds native/build/librobust_tickets_torch.so. Does nothing when neither the sources nor libtorch changed.
# LIBTORCH=/path/to/libtorch picks another libtorch than the system's (its include/ and lib/ are used).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${ROBUST_TICKETS_NATIVE_BUILD:-$here/build}
fail() {
    echo "native/build.sh: $1; needed: apt-get install libtorch-dev libopenblas0-openmp cmake g++ (or LIBTORCH=/path/to/libtorch)" >&2
    exit 1
}
command -v cmake >/dev/null || fail "cmake is missing"
command -v c++ >/dev/null || fail "a C++ compiler is missing"

libtorch=${LIBTORCH:-}
if [ -n "$libtorch" ]; then
    [ -e "$libtorch/lib/libc10.so" ] || fail "LIBTORCH=$libtorch holds no lib/libc10.so"
    library=$libtorch/lib/libc10.so
else
    library=$(ls /usr/lib/*/libc10.so /usr/lib/libc10.so /usr/local/lib/libc10.so 2>/dev/null | head -n 1)
    [ -n "$library" ] || fail "no libtorch was found"
fi

stamp=$out/stamp
now=$({ cat "$here"/*.cpp "$here"/*.h "$here"/testing/*.cpp "$here/CMakeLists.txt"; echo "$libtorch"; ls -lL "$library"; ls /usr/include/gloo/algorithm.h 2>/dev/null || true; c++ --version; } | sha256sum)
if [ -e "$out/librobust_tickets_torch.so" ] && [ -e "$out/librobust_tickets_fake_device.so" ] && [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
    exit 0
fi

mkdir -p "$out"
log=$out/build.log
# CMake refuses a cache made from another folder (a checkout that was moved or copied) and keeps the libtorch it once found.
cached=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$out/CMakeCache.txt" 2>/dev/null || true)
if [ "$cached" != "$here" ] || [ "$(cat "$stamp.libtorch" 2>/dev/null)" != "$libtorch" ]; then
    rm -rf "$out/CMakeCache.txt" "$out/CMakeFiles"
fi
if ! { cmake -S "$here" -B "$out" ${libtorch:+-DCMAKE_PREFIX_PATH="$libtorch"} && cmake --build "$out" -j 2; } >"$log" 2>&1; then
    grep -nE 'error|Error|not find' "$log" | head -n 20 >&2 || true
    fail "the build failed (full log: $log)"
fi
echo "$now" >"$stamp"
echo "$libtorch" >"$stamp.libtorch"
echo "native/build.sh: built $out/librobust_tickets_torch.so" >&2
