#!/usr/bin/env bash
# The campaign of faults: kills, double signals, full devices, mutated files. Its counts are in docs/results/reliability.md.
#   scripts/campaign.sh [quick|long] [SEED]     quick: minutes; long: hours
set -euo pipefail
folder=$(dirname "$(readlink -f "$0")")/campaign
case ${1:-quick} in
    quick) kills=6 cells=6 signals=6 disk=2 fuzz=24 onnx=24 ;;
    long) kills=150 cells=100 signals=100 disk=30 fuzz=2400 onnx=2000 ;;
    *)
        sed -n '2,3s/^# *//p' "$0" >&2
        exit 2
        ;;
esac
failed=0
for part in kills cells signals disk fuzz onnx; do
    bash "$folder/$part.sh" "${!part}" "${2:-1}" || failed=1
done
exit $failed
