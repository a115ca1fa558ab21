#!/usr/bin/python3
"""The authority tells a tower of its health and hands on that of its effectors, and does its work with one and without.

usage: pulse_test.py HINOMI_AUTHORITY DOCUMENT_TEST HEALTH_JSON
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import jsonschema

from whole_test import AUTHORITY, World, canonical, id_of, receipt

SCHEMA = json.loads(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8"))
SECONDS = 60


class Listener:
    """The tower's socket: hears and acknowledges."""

    def __init__(self, path):
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            listener.settimeout(SECONDS)
            self.socket, _ = listener.accept()
        self.socket.settimeout(SECONDS)
        self.file = self.socket.makefile("r", encoding="utf-8")

    def hear(self, is_wanted=lambda health: True):
        """The next word of health that is wanted."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            line = self.file.readline()
            assert line.endswith("\n"), "the authority hung up"
            health = json.loads(line)
            jsonschema.Draft202012Validator(SCHEMA).validate(health)
            assert line == json.dumps(health, sort_keys=True, separators=(",", ":")) + "\n", "canonical JSON"
            self.socket.sendall(b'{"ack":"x"}\n')
            if is_wanted(health):
                return health
        raise AssertionError(f"not heard: the last was {health}")

    def close(self):
        self.file.close()
        self.socket.close()


def orders_are_carried_out_without_a_tower(world):
    """Nobody listens: what the authority does is what it did before. Returns its effector, with an order in force."""
    effector = world.attach()
    order = id_of(world.propose(urgent=False, finding="a" * 32))
    world.verb("approve", order, "jiro")
    world.verb("approve", order, "kyoko")
    bundle = effector.read()
    effector.send(receipt(bundle, "applied"))
    world.wait(order, "active")
    return effector, order


def the_tower_hears(world, effector, order):
    tower = Listener(world.folder / "tower.sock")
    health = tower.hear(lambda one: one["rules"] == 1)
    assert (health["member"], health["process"]) == ("port", "authority"), health
    assert health["program"].startswith("hinomi-authority "), health
    assert all(rate == 0 for rate in health["rates"].values()), health
    refused = sum(loss["count"] for loss in health["losses"] if loss["reason"] == "lines_refused")
    later = tower.hear()
    assert later["at_ms"] > health["at_ms"] and later["started_ms"] == health["started_ms"], later
    client = world.line()
    assert not client.ask({"ask": "nothing of the kind"})["ok"]
    client.close()
    tower.hear(lambda one: {"reason": "lines_refused", "count": refused + 1} in one["losses"])
    effector.close()
    tower.hear(lambda one: {"reason": "effectors_gone", "count": 1} in one["losses"])
    world.verb("withdraw", order, "kyoko", "--reason", "the attack is over")
    tower.hear(lambda one: one["rules"] == 0)
    tower.close()
    assert world.states()[order] == "withdrawn", "a tower that hangs up changes nothing"
    again = Listener(world.folder / "tower.sock")
    assert again.hear()["started_ms"] == health["started_ms"]
    again.close()


def told(**changes):
    """A word of the effector's health."""
    now_ms = int(time.time() * 1000)
    return canonical({"document": "health", "version": 1, "member": "port", "process": "edge-1", "program": "hinomi-effect 0.1.0",
                      "started_ms": now_ms - 1000, "at_ms": now_ms, "rules": 3, "losses": [{"count": 2, "reason": "place_failures"}],
                      "rates": {"in_pps": 0, "in_bps": 0, "attack_pps": 0, "attack_bps": 0, "dropped_pps": 7}, **changes})


def the_tower_hears_of_effectors(world):
    """What an effector says of itself is handed on; what it says of others is refused, and how often it speaks is bounded."""
    effector = world.attach()
    tower = Listener(world.folder / "tower.sock")
    effector.send(told())
    health = tower.hear(lambda one: one["process"] == "edge-1")
    assert (health["rules"], health["rates"]["dropped_pps"], health["losses"]) == (3, 7, [{"count": 2, "reason": "place_failures"}]), health
    own = tower.hear(lambda one: one["process"] == "authority")
    refused = sum(loss["count"] for loss in own["losses"] if loss["reason"] == "lines_refused")
    forged = [told(process="authority"), told(process="edge-2"), told(member="bank"), told(program="hinomi-sensor 0.1.0"), told(rules=-1),
              told(losses=[{"count": 1, "reason": "x"}] * 33), told(process="x" * 5000), told()[:-1], told(at_ms=0),
              '{"document":"health"' + "[" * 50000]
    for line in forged:
        effector.send(line)
    tower.hear(lambda one: {"reason": "lines_refused", "count": refused + len(forged)} in one["losses"])
    began = time.monotonic()
    for number in range(2000):
        effector.send(told(rules=number))
    heard = 0
    while not (health := tower.hear(lambda one: True))["losses"] or health["process"] == "edge-1":
        heard += health["process"] == "edge-1"
        assert heard <= (time.monotonic() - began) / 0.05 + 1, "each effector is heard at most twice in a turn"
    effector.close()
    tower.close()


def what_is_missing_is_said(folder):
    """A tower without a member is refused in one line, and no other way."""
    text = (folder / "conf").read_text()
    (folder / "wrong").write_text(text.replace('member = "port" ', ""))
    done = subprocess.run([AUTHORITY, "--check", folder / "wrong"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "member or process is missing" in done.stderr, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    (folder / "wrong").write_text(text.replace('member = "port" ', 'member = "port" process = "edge-1" '))
    done = subprocess.run([AUTHORITY, "--check", folder / "wrong"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "an effector is called edge-1 too" in done.stderr, done


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        world = World(folder)
        with open(folder / "conf", "a", encoding="utf-8") as conf:
            conf.write(f'tower {{ socket = "{folder}/tower.sock" member = "port" every = 100ms }}\n')
        what_is_missing_is_said(folder)
        world.start()
        try:
            effector, order = orders_are_carried_out_without_a_tower(world)
            the_tower_hears(world, effector, order)
            the_tower_hears_of_effectors(world)
            world.stop()
        except BaseException:
            print((folder / "log.txt").read_text()[-3000:])
            raise
        finally:
            if world.process.poll() is None:
                world.process.kill()


if __name__ == "__main__":
    main()
