"""What the benchmarks of the tower share: a tower of their own in a folder, members with accounts, findings of theirs."""
import copy
import pathlib
import sys
import tempfile

from measure import BUILD, ROOT

sys.path.insert(0, str(ROOT / "src" / "tower"))
from tower_world import Api, Sender, Stream, Tower, UnixConnection, canonical, finding_example, health  # noqa: E402,F401  for those who include this


def example():
    return finding_example(BUILD / "src/record/finding_test")


def finding(base, number, target, sequence=0, phase="begin"):
    return {**copy.copy(base), "id": f"{number:032x}", "target": target, "sequence": sequence, "phase": phase}


def begin(folder, *accounts):
    """A tower that runs, with accounts of (name, roles, member)."""
    tower = Tower(BUILD / "src/tower/hinomi-tower", pathlib.Path(folder), Api(ROOT / "schema/api.json"), requests_per_s=100000)
    for account in accounts:
        tower.account(*account)
    tower.start()
    return tower


def place():
    return tempfile.TemporaryDirectory(prefix="hinomi-bench-")


def memory_mib(tower, name="VmRSS"):
    text = pathlib.Path(f"/proc/{tower.process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith(name + ":")).split()[1]) / 1024
