#!/usr/bin/python3
"""Proves, with the real effector and real packets in a network namespace of its own, in XDP and in nftables: what an order
names is dropped and nothing else is; what the authority takes back passes again; kill -9 leaves rules in force and a restart
takes them up; rules end by themselves with every process dead; another user is turned away; counters are those of the packets.

usage: effect_test.py HINOMI_EFFECT ORDER_MAKER xdp|nft
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from effect_world import DROPPED_PORT, OTHER_PORT, Effector, bpf_mount, links_make, passing, run, until

SKIP = 77


class Effect(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        if PLACE == "xdp":
            bpf_mount()
        else:
            subprocess.run(["nft", "delete", "table", "inet", "hinomi"], check=False, stderr=subprocess.DEVNULL)
        links_make()
        self.effector = Effector(self.folder, EFFECT, MAKER, PLACE)
        self.effector.start()
        self.addCleanup(self.end)

    def end(self):
        if self.effector.process.poll() is None:
            self.assertEqual(self.effector.stop(), 0, self.effector.log())

    def applied(self, kind, counter, now_ms=None):
        receipt = self.effector.tell(self.effector.make(kind, counter, now_ms))
        self.assertEqual(receipt["state"], "applied", receipt)

    def test_what_an_order_names_is_dropped_and_nothing_else(self):
        self.assertEqual(passing(DROPPED_PORT), 40)
        self.applied("good", 1)
        self.assertEqual((passing(DROPPED_PORT), passing(OTHER_PORT)), (0, 40))
        receipt = until(lambda: next((r for r in self.effector.receipts if r["stopped"]["packets"] == 40), None))
        self.assertEqual((receipt["state"], receipt["stopped"]["bytes"], receipt["passed"]["packets"]), ("progress", 40 * 32, 0))
        self.assertEqual(passing(DROPPED_PORT, source="192.0.2.53"), 40)  # protected, and spared by a rule for all sources
        receipt = self.effector.tell(self.effector.make("unlogged", 2))
        self.assertTrue(receipt["state"] == "refused" and receipt["why"].startswith("unlogged: "), receipt)
        self.assertEqual(passing(DROPPED_PORT), 0)

    def test_the_authority_hears_of_its_health(self):
        health = until(lambda: self.effector.healths and self.effector.healths[-1])
        self.assertEqual((health["process"], health["member"], health["rules"], health["losses"]), ("edge-1", "port", 0, []))
        self.assertTrue(health["program"].startswith("hinomi-effect "))
        self.applied("good", 1)
        passing(DROPPED_PORT)
        self.assertTrue(until(lambda: any(one["rules"] == 1 and one["rates"]["dropped_pps"] > 0 for one in self.effector.healths)))
        self.assertEqual(self.effector.tell(self.effector.make("unlogged", 2))["state"], "refused")
        self.assertTrue(until(lambda: {"reason": "orders_refused", "count": 1} in self.effector.healths[-1]["losses"]))
        self.assertEqual(self.effector.healths[0]["started_ms"], self.effector.healths[-1]["started_ms"])

    def test_what_is_taken_back_passes_again(self):
        now_ms = time.time_ns() // 1000000
        self.applied("good", 1, now_ms)
        self.applied("set", 2, now_ms)
        receipt = self.effector.tell(self.effector.make("withdrawn", 1, now_ms))
        self.assertTrue(receipt["state"] == "ended" and receipt["why"] == "withdrawn: by kyoko", receipt)
        self.assertEqual((passing(DROPPED_PORT), passing(DROPPED_PORT, source="203.0.113.77")), (0, 40))  # the set stays

    def test_kill_leaves_rules_and_a_restart_takes_them_up(self):
        self.applied("good", 1)
        self.assertEqual(passing(DROPPED_PORT), 0)
        self.effector.kill()
        self.assertEqual(passing(DROPPED_PORT), 0)
        self.effector.start()
        self.assertEqual(self.effector.receipt("applied", "restored")["stopped"]["packets"], 0)
        self.assertEqual((passing(DROPPED_PORT), passing(OTHER_PORT)), (0, 40))
        receipt = self.effector.tell(self.effector.make("good", 1))
        self.assertTrue(receipt["why"].startswith("counter_not_new"), receipt)

    def test_rules_end_with_every_process_dead(self):
        now_ms = time.time_ns() // 1000000 - 56000  # four seconds of its minute are left
        self.applied("good", 1, now_ms)
        self.assertEqual(passing(DROPPED_PORT), 0)
        self.effector.kill()
        self.assertEqual(until(lambda: passing(DROPPED_PORT), 10), 40)
        self.assertLess(time.time_ns() // 1000000, now_ms + 60000 + 500)
        self.effector.start()
        self.assertTrue(self.effector.receipt("ended", "expired"))
        self.assertEqual(passing(DROPPED_PORT), 40)

    def test_rules_that_someone_removes_are_put_back(self):
        self.applied("good", 1)
        if PLACE == "nft":
            run("nft", "flush", "ruleset")
        else:
            links_make()  # the interface is gone, and back without a program
        self.assertTrue(until(lambda: passing(DROPPED_PORT) == 0))
        self.assertEqual(passing(OTHER_PORT), 40)

    def test_the_end_of_an_attack_ends_its_rule(self):
        self.applied("standing", 1)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            passing(DROPPED_PORT, 2)
        stopped = time.monotonic()
        receipt = self.effector.receipt("ended")
        self.assertTrue(receipt["why"].startswith("over: "), receipt)
        self.assertTrue(7 < time.monotonic() - stopped < 10)
        self.assertEqual(passing(DROPPED_PORT), 40)

    def test_another_user_is_turned_away(self):
        line = self.effector.make("good", 1)
        os.chmod(self.effector.folder / "socket", 0o666)
        script = f"import os, socket; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.settimeout(20); " \
                 f"s.connect({str(self.effector.folder / 'socket')!r}); s.sendall({line.encode()!r}); print(s.recv(1) == b'')"
        answer = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
        self.assertTrue(answer.stdout == "True\n" or "BrokenPipe" in answer.stderr or "ConnectionReset" in answer.stderr, answer)
        self.assertEqual(passing(DROPPED_PORT), 40)
        self.applied("good", 1)  # the authority's connection is as it was

    def test_the_authority_may_start_anew(self):
        self.applied("good", 1)
        old = self.effector.channel
        self.effector.connect()
        self.assertEqual(old.recv(1), b"")
        self.applied("good", 2)
        with contextlib.suppress(OSError):
            self.effector.channel.sendall(b"x" * 3000000)  # no line at all: this connection is closed, and the next one is fine
        self.effector.connect()
        self.applied("good", 3)

    def test_a_second_effector_is_refused(self):
        other = subprocess.run([EFFECT, "--config", str(self.effector.folder / "conf")], check=False, capture_output=True, text=True)
        self.assertEqual(other.returncode, 1)
        self.assertIn("another process uses it", other.stderr)
        self.applied("good", 1)


if __name__ == "__main__":
    if os.environ.get("HINOMI_NAMESPACE") != "own":
        if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode != 0:
            print("skipped: no network namespaces")
            sys.exit(SKIP)
        os.environ["HINOMI_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    EFFECT, MAKER, PLACE = sys.argv[1:4]
    del sys.argv[1:4]
    run("ip", "link", "set", "lo", "up")
    pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", encoding="ascii")
    unittest.main(warnings="ignore")
