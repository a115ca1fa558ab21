"""What the benchmarks of an exercise share: a scenario of attacks in a row, played by hinomi-exercise run, and its results.

Everything happens in network namespaces of the exercise's own (root), with a sensor, an authority, an effector, keys and a
ledger made for each run. Attacks stand apart by more than the time in which a rule ends by itself, so that what is measured
of one is of that one alone.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from measure import BUILD, FULL, build, fail

THRESHOLD_PPS = 1000
FLOOD_PPS = 5 * THRESHOLD_PPS
LINE_PPS = 2000
LEAD_S, LENGTH_S, APART_S = 3, 3, 8
VECTORS = ["udp_flood", "syn_flood", "dns_reflection", "ack_flood", "tcp_synack_reflection", "icmp_echo_flood"]
ATTACKS_MAX = 12  # of one run: a scenario holds 16


def scenario(attacks, length_s=LENGTH_S):
    """The text of a scenario: each attack is a list of vectors, in equal parts, on an address of its own."""
    duration_s = LEAD_S + APART_S * len(attacks)
    lines = ['about = "a bench"', f"duration = {duration_s}s", f"threshold = {THRESHOLD_PPS}pps", f"line = {LINE_PPS}pps", "packets = 10000000"]
    for number, vectors in enumerate(attacks):
        start_s = LEAD_S + APART_S * number
        lines.append(f'attack "{"+".join(vectors)[:40]}" {{ kind = flood target = "203.0.113.{10 + 7 * number}" start = {start_s}s end = {start_s + length_s}s }}')
        lines += [f'stream "{vector}" {{ share = {1000 // len(vectors)} }}' for vector in vectors]
    return "\n".join(lines) + "\n"


def play(what, *options):
    """Plays a scenario's text or the name of a built-in one; its results."""
    with tempfile.TemporaryDirectory(prefix="hinomi-bench-") as place:
        if "\n" in what:
            path = pathlib.Path(place) / "bench.conf"
            path.write_text(what)
            what = str(path)
        done = subprocess.run([BUILD / "src/exercise/hinomi-exercise", "run", what, "--json", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
    if not done.stdout.startswith("{"):
        fail((done.stderr.strip() or "no results").splitlines()[-1])
    results = json.loads(done.stdout)
    if not results["ledger_verified"]:
        fail("the ledger does not verify")
    return results


def attacks_of(attacks, length_s=LENGTH_S):
    """Plays attacks, in as many runs as it takes; their results."""
    build()
    found = []
    for first in range(0, len(attacks), ATTACKS_MAX):
        found += play(scenario(attacks[first:first + ATTACKS_MAX], length_s), "--alone", "--pps", str(FLOOD_PPS))["attacks"]
    return found


def vectors_all():
    """Every flood that the exercise can make over IPv4; scans, backscatter and what no threshold is for are left out."""
    listed = subprocess.run([BUILD / "src/exercise/hinomi-exercise", "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [line.split() for line in listed.split("Vectors", 1)[1].splitlines()[1:]]
    return [words[0] for words in lines if "IPv4" in words[1:] and not words[0].startswith(("scan_", "backscatter"))]


def percent(permille):
    return "-" if permille is None else f"{permille / 10:.1f} %"
