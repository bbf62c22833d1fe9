"""A Slurm of one node of its own: munged, slurmctld and slurmd on free ports."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from syntrust_standalone.servers import HOST, Program, find_free_ports, run_server

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]

# More CPUs than there are, so that jobs of any size start. Credentials are short-lived, because a
# job that was requeued waits until its last one has run out.
_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}({address})
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
MailProg=/bin/true
NodeName={host} NodeAddr={address} CPUs=16 RealMemory=64000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """A running Slurm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"SLURM_CONF": str(folder / "slurm.conf")}

    def run(self, *command: str, cwd: Path | None = None) -> str:
        """Run a command of Slurm's; give what it prints."""
        ended = self._run(command, cwd)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def is_up(self) -> bool:
        """Whether the node takes jobs."""
        told = self._run(("sinfo", "--noheader", "--format=%T"))
        return told.stdout.strip() in {"idle", "mixed", "allocated"}

    def _run(
        self, command: Sequence[str], cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **self.env}
        return subprocess.run(
            command, env=env, cwd=cwd, capture_output=True, text=True, check=False
        )

    def submit(self, script: Path, *options: str) -> str:
        """Submit a script from its folder, as a user does; give the id of its job."""
        command = ("sbatch", "--parsable", *options, script.name)
        return self.run(*command, cwd=script.parent).partition(";")[0]

    def job(self, job: str) -> dict[str, str]:
        """Give what Slurm tells of a job."""
        told = self.run("scontrol", "show", "job", "--oneliner", job)
        return dict(word.split("=", 1) for word in told.split() if "=" in word)


@contextmanager
def start_cluster(folder: Path) -> Iterator[Cluster]:
    """Run a cluster while the block runs; its jobs end with it."""
    controller, node = find_free_ports(2)
    host = socket.gethostname().partition(".")[0]
    configuration = _CONFIGURATION.format(
        host=host, address=HOST, controller=controller, node=node, folder=folder
    )
    cluster = Cluster(folder)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    (folder / "slurm.conf").write_text(configuration)
    (folder / "state").mkdir()
    munged = (
        "munged",
        "--foreground",
        "--force",  # the folder of a test may be readable
        f"--socket={folder}/munge.socket",
        f"--key-file={key}",
        f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log",
        f"--seed-file={folder}/munged.seed",
    )
    with ExitStack() as stack:
        for name, command, answers in (
            ("munged", munged, (folder / "munge.socket").exists),
            ("slurmctld", ("slurmctld", "-D"), lambda: _listens(controller)),
            ("slurmd", ("slurmd", "-D", "-N", host), cluster.is_up),
        ):
            program = Program(name, command, folder, cluster.env)
            stack.enter_context(run_server(program, answers, folder / f"{name}.log"))
        try:
            yield cluster
        finally:
            cluster.run("scancel", "--full", "--signal=KILL", "--user=root")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
