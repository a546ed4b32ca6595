#!/usr/bin/env bash
# Tests and benches on a machine with a GPU that has neither .NET nor a network.
#   benchmarks/gpu.sh pack OUT.tar.xz           where .NET is: the program, its tests, the .NET runtime and the sources of the native part in one archive of about 40 MiB
#   benchmarks/gpu.sh run RESULTS [PART...]     there, in the unpacked archive: some of build, info, tests, bench, plain (default: all)
# `run` needs bash, a C++ compiler and a CUDA libtorch 2.x: LIBTORCH names its folder (with include/ and lib/), or else the torch of `python3` is taken. cmake is used where it is,
# otherwise c++ alone. RESULTS gets one file a part; what was measured stands in RESULTS/bench.jsonl, one JSON object a line, beside the machine in RESULTS/machine.txt.
# A part that fails is reported at the end and does not stop the others; the code is 1 then.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
usage="usage: benchmarks/gpu.sh pack OUT.tar.xz | run RESULTS [build|info|tests|bench|plain]..."
fail() { echo "gpu.sh: $1" >&2; exit "${2:-1}"; }

pack() {
    local out=$1 host version project dotnet
    dotnet=$(me=gpu.sh root=$here && . "$here/scripts/prepare.sh" && find_dotnet && readlink -f "$dotnet") || exit 3
    host=$(dirname "$dotnet")
    version=$("$dotnet" --list-runtimes | awk '$1 == "Microsoft.NETCore.App" && $2 ~ /^10\./ { print $2 }' | tail -n 1)
    [ -n "$version" ] || fail "no .NET 10 runtime beside $dotnet" 3
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    # The runtime goes along as it is: that is all a self-contained publish would add, and it serves program and tests alike.
    mkdir -p "$stage/dotnet/shared/Microsoft.NETCore.App" "$stage/dotnet/host/fxr" "$stage/benchmarks" "$stage/native"
    cp "$dotnet" "$stage/dotnet/"
    cp -r "$host/shared/Microsoft.NETCore.App/$version" "$stage/dotnet/shared/Microsoft.NETCore.App/"
    cp -r "$host/host/fxr/$version" "$stage/dotnet/host/fxr/"
    for project in src/RobustTickets.Cli tests/RobustTickets.Tests tests/RobustTickets.Torch.Tests tests/RobustTickets.Kernels.Tests tests/RobustTickets.Runner; do
        [ -n "${GPU_PACK_NO_BUILD:-}" ] || "$dotnet" build "$here/$project" -c Release --nologo -v quiet -clp:NoSummary || fail "$project does not build"
    done
    cp -r "$here/src/RobustTickets.Cli/bin/Release/net10.0" "$stage/app"
    for project in RobustTickets.Tests RobustTickets.Torch.Tests RobustTickets.Kernels.Tests; do
        cp -r "$here/tests/$project/bin/Release/net10.0" "$stage/$project"
        # Without its list of dependencies the host takes every library of the folder, the runner's and the tests'.
        cp "$here"/tests/RobustTickets.Runner/bin/Release/net10.0/{RobustTickets.Runner.dll,RobustTickets.Runner.runtimeconfig.json,xunit.*.dll} "$stage/$project/"
        rm -f "$stage/$project"/*.deps.json
    done
    # ONNX Runtime of other systems.
    find "$stage" -path '*/runtimes/*' -prune -type d ! -name linux-x64 -exec rm -rf {} +
    find "$stage" \( -name '*.xml' -o -name '*.so.dbg' -o -name '*.a' \) -delete
    cp -r "$here"/native/*.cpp "$here"/native/*.h "$here/native/CMakeLists.txt" "$here/native/build.sh" "$here/native/testing" "$stage/native/"
    cp "$here/benchmarks/gpu.sh" "$stage/benchmarks/"
    git -C "$here" rev-parse HEAD >"$stage/commit" 2>/dev/null || true
    [ -z "$(git -C "$here" status --porcelain 2>/dev/null)" ] || echo "with changes that are not committed" >>"$stage/commit"
    tar -C "$stage" -cf - . | xz -T2 -6 >"$out" || fail "could not write $out"
    echo "gpu.sh: $(du -h "$out" | cut -f1) in $out; there: mkdir gpu && tar -xJf $(basename "$out") -C gpu && gpu/benchmarks/gpu.sh run results" >&2
}

find_libtorch() {
    if [ -z "${LIBTORCH:-}" ]; then
        LIBTORCH=$(python3 -c 'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("torch").origin))' 2>/dev/null) || fail "no libtorch: LIBTORCH names no folder and python3 has no torch" 3
    fi
    [ -e "$LIBTORCH/lib/libtorch_cuda.so" ] || fail "$LIBTORCH holds no lib/libtorch_cuda.so: a CUDA libtorch is needed" 3
    export LIBTORCH
}

build() {
    if command -v cmake >/dev/null && ROBUST_TICKETS_NATIVE_BUILD=$native sh "$here/native/build.sh"; then return 0; fi
    echo "without cmake:"
    local standard=17 abi=1 lib=$LIBTORCH/lib gomp flags name
    [ -e "$LIBTORCH/include/torch/headeronly/version.h" ] && standard=20
    grep -aqE '_ZN3c10[A-Za-z0-9_]*NSt7__cxx1112basic_string' "$lib/libc10.so" || abi=0
    gomp=$(ls "$lib"/libgomp*.so* "$lib"/../../torch.libs/libgomp*.so* 2>/dev/null | head -n 1)
    flags=(-std=c++$standard -O2 -DNDEBUG -fPIC -shared -fvisibility=hidden -D_GLIBCXX_USE_CXX11_ABI=$abi -isystem "$LIBTORCH/include" -isystem "$LIBTORCH/include/torch/csrc/api/include")
    [ -e "$LIBTORCH/include/gloo/algorithm.h" ] || flags+=(-DRT_WITHOUT_GLOO)
    mkdir -p "$native"
    name=$native/librobust_tickets_torch.so
    c++ "${flags[@]}" -fopenmp -ffp-contract=off "$here"/native/*.cpp -o "$name" -L"$lib" -ltorch_cpu -lc10 -ldl "${gomp:--lgomp}" -Wl,--no-as-needed -ltorch_cuda -Wl,--as-needed "-Wl,-rpath,$lib" &&
        c++ "${flags[@]}" "$here/native/testing/fake_device.cpp" -o "$native/librobust_tickets_fake_device.so" -L"$lib" -ltorch_cpu -lc10 "-Wl,-rpath,$lib"
}

app() { "$here/dotnet/dotnet" "$here/app/robust-tickets.dll" "$@"; }

info() {
    app info --verbose
    app info --json >"$results/info.json"
    # A device that is not there must be refused in one sentence.
    app evaluate --model none --data none --task sst2 --device cuda:99 2>&1
    [ $? -eq 2 ]
}

# runs ASSEMBLY DEVICE PART...: tests on a device
runs() {
    local assembly=$1 device=$2
    shift 2
    ROBUST_TICKETS_DEVICE=$device "$here/dotnet/dotnet" "$here/$assembly/RobustTickets.Runner.dll" "$here/$assembly/$assembly.dll" "$@"
}

tests() {
    local code=0
    echo "== the binding on this libtorch"
    runs RobustTickets.Torch.Tests '' || code=1
    runs RobustTickets.Kernels.Tests '' || code=1
    echo "== models, objectives and runs on cuda, against the CPU"
    runs RobustTickets.Tests cuda Tests.Devices. ExecutionEqualityTests || code=1
    echo "== the same on the fake device with this libtorch"
    runs RobustTickets.Tests '' Tests.Devices. ExecutionEqualityTests || code=1
    return $code
}

measure() {
    echo "bench $*"
    local line
    line=$(app bench --device cuda "$@" --json) || return 1
    echo "$line" | tr -d '\n' | sed 's/  */ /g' >>"$results/bench.jsonl"
    echo >>"$results/bench.jsonl"
    echo "$line" | grep -E '"(ms_median|tokens_per_second|gflops_median|gemm_gflops_median|share_median)"'
}

bench() {
    local code=0 precision lengths step
    for precision in fp32 bf16; do
        for lengths in "sst2 32" "ag-news 32" "imdb 8"; do
            for step in clean freelb search; do
                measure --step $step --lengths ${lengths% *} --batch ${lengths#* } --precision $precision --repeats 10 || code=1
            done
        done
        for step in pgd-lean robust pruned evaluate; do measure --step $step --precision $precision --repeats 10 || code=1; done
        measure --step attack --shape movie-bert --batch 128 --precision $precision --repeats 10 || code=1
        measure --step clean --lengths imdb --batch 64 --precision $precision --repeats 10 || code=1
    done
    return $code
}

# The same network written plainly and padded, on the same GPU.
plain() {
    local code=0
    measure --step clean --lengths sst2 --baseline --repeats 10 || code=1
    measure --step freelb --lengths sst2 --baseline --repeats 10 || code=1
    measure --step clean --lengths imdb --batch 8 --baseline --repeats 10 || code=1
    return $code
}

run() {
    results=$1
    shift
    mkdir -p "$results" && results=$(cd "$results" && pwd) || fail "cannot write $results"
    [ -x "$here/dotnet/dotnet" ] || fail "no .NET beside me: unpack the archive that 'gpu.sh pack' made and run the gpu.sh in it" 3
    export DOTNET_ROOT=$here/dotnet DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
    find_libtorch
    native=$here/build/native
    export ROBUST_TICKETS_NATIVE=$native
    {
        date -u +%Y-%m-%dT%H:%MZ
        echo "commit $(tr '\n' ' ' <"$here/commit" 2>/dev/null)"
        uname -srm
        grep -m 1 'model name' /proc/cpuinfo
        command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>&1
        echo "libtorch $(cat "$LIBTORCH/version.py" 2>/dev/null | grep -m 1 '__version__' || cat "$LIBTORCH/build-version" 2>/dev/null) in $LIBTORCH"
        c++ --version 2>/dev/null | head -n 1
    } >"$results/machine.txt"
    cat "$results/machine.txt"
    local part failed=() began
    for part in ${*:-build info tests bench plain}; do
        case $part in build | info | tests | bench | plain) ;; *) fail "no part '$part'; $usage" 2 ;; esac
        began=$SECONDS
        echo "=== $part"
        $part 2>&1 | tee "$results/$part.txt"
        if [ "${PIPESTATUS[0]}" -ne 0 ]; then
            failed+=("$part")
            [ $part != build ] || break # nothing runs without it
        fi
        echo "=== $part took $((SECONDS - began)) s"
    done
    if [ ${#failed[@]} -gt 0 ]; then
        echo "gpu.sh: failed: ${failed[*]} (see $results)"
        return 1
    fi
    echo "gpu.sh: all parts passed; results in $results"
}

case ${1:-} in
    pack) [ $# -eq 2 ] || fail "$usage" 2; pack "$2" ;;
    run) [ $# -ge 2 ] || fail "$usage" 2; shift; run "$@" ;;
    *) fail "$usage" 2 ;;
esac
