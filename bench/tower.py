"""What the benchmarks of the tower share: a tower of their own in a folder, members with accounts, findings of theirs."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from measure import BUILD, ROOT

sys.path.insert(0, str(ROOT / "src" / "tower"))
from tower_world import Api, Sender, Stream, Tower, UnixConnection, canonical  # noqa: E402,F401  for those who include this


def example():
    """A finding as a sensor tells it now."""
    output = subprocess.run([BUILD / "src/record/finding_test", "--documents"], capture_output=True, check=True).stdout.decode()
    finding = json.loads(output.splitlines()[0])
    shift_ms = int(time.time() * 1000) - finding["told_ms"]
    for part in [finding, finding["window"], *finding["vectors"]]:
        for name, value in part.items():
            if name.endswith("_ms") and isinstance(value, int) and value > 10**12:
                part[name] = value + shift_ms
    return {**finding, "prefixes": [], "kind": "flood"}


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
