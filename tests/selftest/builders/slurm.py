"""A real Slurm of two nodes on this machine's loopback: Debian's slurm-wlm, without privileges."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "squeue")
NODES = ("n1", "n2")
CONFIGURATION = """
ClusterName=loop
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
ReturnToService=2
SlurmdTimeout=10
KillWait=2
JobRequeue=1
DefMemPerCPU=500
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=4000
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """Those of Slurm that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def wait_until(condition: Callable[[], object], what: str, limit_s: float = 180) -> None:
    for _ in range(int(limit_s / 0.1)):
        if condition():
            return
        threading.Event().wait(0.1)
    raise TimeoutError(f"{limit_s:g} s passed before {what}")


class Slurm:
    """Its daemons, which end with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir(parents=True)
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            ports = [each.getsockname()[1] for each in sockets]
        text = CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            user=getpass.getuser(),
            folder=folder,
            ports=ports,
        )
        (folder / "slurm.conf").write_text(text)
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        self._daemons = {"slurmctld": self._start("slurmctld", "-D", "-i", "-c")}
        for node in NODES:
            self.start_node(node, "-c")
        wait_until(lambda: self.ask("sinfo", "-h", "-o", "%T%D") == "idle2", "the nodes were up")

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "daemons.log").open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def start_node(self, node: str, *arguments: str) -> None:
        """Without `-c`, by which a node forgets its jobs, but at the first start."""
        self._daemons[node] = self._start("slurmd", "-D", "-N", node, *arguments)

    def ask(self, *command: str, **variables: str) -> str:
        done = subprocess.run(
            command,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.strip()

    def running(self) -> dict[str, str]:
        """The node of each running job or task of an array."""
        lines = self.ask("squeue", "-h", "-r", "-t", "R", "-o", "%i %N").splitlines()
        return dict(line.split() for line in lines)

    def is_empty(self) -> bool:
        return not self.ask("squeue", "-h")

    def kill_node(self, node: str) -> None:
        """Its daemon and everything that its jobs run, as a node that loses its power.

        Slurm itself would notice after some 30 s; here it is told.
        """
        daemon = self._daemons[node]
        daemon.kill()
        daemon.wait()
        jobs = {job for job, at in self.running().items() if at == node}
        numbers = {self.ask("squeue", "-h", "-j", job, "-o", "%A") for job in jobs}
        for pid in self._processes(node, numbers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=power")

    def _processes(self, node: str, jobs: set[str]) -> list[int]:
        """Slurm's own of some jobs, and all that these jobs have started on a node."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                variables = (process / "environ").read_bytes().split(b"\0")
                name = (process / "cmdline").read_bytes().decode(errors="replace")
                ours = f"SLURM_CONF={self.folder}/slurm.conf".encode() in variables
                of_node = f"SLURMD_NODENAME={node}".encode() in variables
                step = any(name.startswith(f"slurmstepd: [{job}.") for job in jobs)
                if ours and (of_node or step):
                    found.append(int(process.name))
        return found

    def close(self) -> None:
        self.ask("scancel", "--user", getpass.getuser())
        wait_until(self.is_empty, "the queue was empty")
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
        for daemon in self._daemons.values():
            daemon.wait(30)
