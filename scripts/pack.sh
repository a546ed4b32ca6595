#!/usr/bin/env bash
# Packs RobustTickets.Attacks, RobustTickets.OnnxRuntime, RobustTickets and the tool robust-tickets into a folder that serves as a NuGet feed.
#   scripts/pack.sh [FOLDER]     FOLDER: build/packages when none is named
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
out=$(realpath -m "${1:-$root/build/packages}")
cd "$root"
dotnet pack RobustTickets.slnx -c Release --nologo -v quiet -o "$out"
ls -l "$out"
