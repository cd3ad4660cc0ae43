# A SLURM cluster of one node, this machine, with one pretended GPU. Sourced by run.sh, which sets $work, $marker and $cores.
# Needs root: the daemons read /etc/slurm and nothing else.

cluster_install() {
  if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
    [ "$(id -u)" = 0 ] || unavailable "root is needed to install slurm-wlm and munge"
    command -v apt-get >/dev/null || unavailable "there is no apt-get to install slurm-wlm and munge with"
    { apt-get update -qq || true; } >"$work/apt.log" 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >>"$work/apt.log" 2>&1 ||
      unavailable "slurm-wlm and munge cannot be installed: $(tail -n 1 "$work/apt.log")"
  fi
  [ "$(id -u)" = 0 ] || unavailable "root is needed to start the daemons"
  [ ! -e /etc/slurm/slurm.conf ] || grep -q "$marker" /etc/slurm/slurm.conf ||
    unavailable "/etc/slurm/slurm.conf is there already: this machine belongs to a cluster"
}

cluster_up() {
  local host memory
  host=$(hostname -s)
  memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
  mkdir -p "$work"/{state,spool} /etc/slurm
  # OverMemoryKill takes the place of cgroups, which a container seldom may set up. MinJobAge keeps the jobs in scontrol's
  # memory until the end of the test.
  cat >/etc/slurm/slurm.conf <<CONF
# $marker
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/none
GresTypes=gpu
MinJobAge=3600
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$memory Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  printf '# %s\nNodeName=%s Name=gpu File=/dev/null\n' "$marker" "$host" >/etc/slurm/gres.conf
  daemons_up || {
    tail -n 20 "$work"/slurm*.log >&2 || true
    unavailable "this machine, a container perhaps, does not come up as a cluster"
  }
}

daemons_up() {
  if [ ! -S /run/munge/munge.socket.2 ]; then
    install -d -o munge -g munge -m 0755 /run/munge && runuser -u munge -- munged || return
    touch "$work/started_munge"
  fi
  slurmctld && slurmd || return
  for _ in $(seq 60); do
    [ "$(sinfo --noheader --format %T 2>/dev/null)" = idle ] && return
    sleep 0.5
  done
  return 1
}

cluster_down() {
  local pid
  if [ -s "$work/slurmctld.pid" ]; then
    timeout 20 scancel --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 20); do
      [ -n "$(timeout 5 squeue --noheader 2>/dev/null)" ] || break
      sleep 0.5
    done
  fi
  for pid in "$work"/slurmd.pid "$work"/slurmctld.pid; do
    [ ! -s "$pid" ] || stop "$(cat "$pid")"
  done
  [ ! -e "$work/started_munge" ] || [ ! -s /run/munge/munged.pid ] || stop "$(cat /run/munge/munged.pid)"
  for file in /etc/slurm/slurm.conf /etc/slurm/gres.conf; do
    [ ! -e "$file" ] || ! grep -q "$marker" "$file" || rm -f "$file"
  done
}

stop() {
  kill "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -KILL "$1" 2>/dev/null || true
}
