#!/usr/bin/env bash
# One study of the demo on a real SLURM, with the cluster profile. Its tables and figures must be those of a local run to the
# byte, its networks must have had the GPU one after the other, and a job that was killed for its memory must have come back
# with more. Ends with 77 where a cluster cannot be brought up.
set -euo pipefail
cd "$(dirname "$0")/../../.."
root=$PWD
study=${1:-radiogenomics}
marker="of ReRad's slurm-test"
cores=$(env -u OMP_NUM_THREADS nproc)

fail() { printf 'slurm-test: %s\n' "$*" >&2; exit 1; }
unavailable() { printf 'slurm-test: skipped, %s\n' "$*" >&2; exit 77; }

work=$(mktemp -d)
. tests/workflow/slurm/cluster.sh

finish() {
  local status=$?
  trap - EXIT
  cluster_down
  if [ $status -eq 0 ] || [ $status -eq 77 ]; then
    rm -rf "$work"
  else
    echo "slurm-test: the logs are in $work" >&2
  fi
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

snakemake() { "$root/.venv/bin/snakemake" "$@"; }

# The profile as it is, but for a machine that is small, may be asked often and has no file server.
on_cluster() {
  snakemake --profile "$root/profiles/slurm" --cores "$cores" --max-threads "$cores" --latency-wait 5 \
    --slurm-init-seconds-before-status-checks 1 --seconds-between-status-checks 1 --slurm-keep-successful-logs "$@"
}

# The jobs that SLURM remembers, one a line, those of the first first.
remembered() { scontrol --oneliner --details show job | sort -t= -k2n; }

# How scontrol writes that a job has the GPU.
gpu='GRES=gpu:1'

cluster_install
begin=$(date +%s)
snakemake --cores all --configfile config/demo.yaml -- "$study" >"$work/local.log" 2>&1 ||
  { cat "$work/local.log"; fail "the local run"; }
after_local=$(date +%s)
cluster_up

mkdir -p "$work/made_up" "$work/demo"
on_cluster --snakefile tests/workflow/slurm/Snakefile --directory "$work/made_up" -- hungry >"$work/made_up.log" 2>&1 ||
  { cat "$work/made_up.log"; fail "the made-up rule"; }
grep -qr "exceeded memory limit" "$work/made_up/.snakemake/slurm_logs" || fail "no job was killed for its memory"
# A killed job ends as FAILED where the Snakemake inside it lives to tell, as OUT_OF_MEMORY where the kernel kills.
attempts=$(remembered | grep ' Comment=rule_hungry' | grep -oE '(JobState|MinMemoryNode)=\S+' | paste -sd ' ')
[[ $attempts =~ ^JobState=(FAILED|OUT_OF_MEMORY)\ MinMemoryNode=700M\ JobState=COMPLETED\ MinMemoryNode=1400M$ ]] ||
  fail "a job that was killed for its memory is not tried again with twice as much: $attempts"
[ "$(cat "$work/made_up/hungry.txt")" = 0 ] || fail "a job that asked for the GPU does not see it"
after_made_up=$(date +%s)

on_cluster --snakefile Snakefile --directory "$work/demo" --configfile config/demo.yaml --config device=auto -- "$study" \
  >"$work/demo.log" 2>&1 || { cat "$work/demo.log"; fail "the study on the cluster"; }
end=$(date +%s)
compared=0
while read -r file; do
  cmp "results/demo/$study/$file" "$work/demo/results/demo/$study/$file" || fail "$file differs from the local run's"
  compared=$((compared + 1))
done < <(cd "results/demo/$study" && find tables figures comparisons.csv -type f | sort)
[ "$compared" -gt 10 ] || fail "only $compared files to compare"

remembered | grep -v ' Comment=rule_hungry' >"$work/jobs.txt"
failed=$(grep -vc 'JobState=COMPLETED' "$work/jobs.txt" || true)
[ "$failed" -eq 0 ] || fail "$failed jobs did not complete"
trained=$(grep -E ' Comment=rule_(search|train)_' "$work/jobs.txt" | grep -c "$gpu" || true)
[ "$trained" -gt 1 ] || fail "$trained trainings had the GPU"
[ "$(grep -c "$gpu" "$work/jobs.txt")" -eq "$trained" ] || fail "a job had the GPU that trains nothing"
grep "$gpu" "$work/jobs.txt" | sed -E 's/.* StartTime=(\S+) EndTime=(\S+) .*/\1 \2/' | sort |
  awk '$1 < last { exit 1 } { last = $2 }' || fail "two jobs had the one GPU at the same time"

count=$(wc -l <"$work/jobs.txt")
echo "slurm-test: $study in $count cluster jobs, $trained of them with the GPU, one after the other"
echo "slurm-test: $compared tables and figures are those of the local run to the byte"
echo "slurm-test: a job killed at 700 MB came back with 1400 MB"
echo "slurm-test: local run $((after_local - begin)) s, made-up rule $((after_made_up - after_local)) s, study $((end - after_made_up)) s"
