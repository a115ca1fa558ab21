#!/usr/bin/python3
"""Proves `hinomi up` with the real processes: what it makes, that it keeps them running, and that nothing of them is left.

usage: up_test.py HINOMI AUTHORITY
"""
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../doc/site.conf.example")
HINOMI, AUTHORITY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
del sys.argv[1:3]
WAIT_S = 30


APART = ("unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "apart")  # a network of its own


def children(pid):
    """Process ids by program of the children of a process."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids = [int(word) for word in file.read().split()]
    found = {}
    for child in pids:
        try:
            with open(f"/proc/{child}/cmdline", "rb") as file:
                found[os.path.basename(file.read().split(b"\0")[0]).decode()] = child
        except OSError:
            pass  # it has just ended
    return found


class Up(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.site = os.path.join(self.folder, "site")

    def describe(self, *lines):
        path = os.path.join(self.folder, "site.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'directory = "{self.site}"\n' + "\n".join(lines) + "\n")
        return path

    def person(self, name, *lines):
        said = subprocess.run([AUTHORITY, "key", "new", os.path.join(self.folder, name), "--name", name], check=True,
                              capture_output=True, text=True).stdout
        return f'person "{name}" {{ key = "{said.splitlines()[-1]}" {" ".join(lines)} }}'

    def up(self, path, *before):
        """Starts a site; it is ended with the test."""
        process = subprocess.Popen([*before, HINOMI, "up", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, process, words):
        """The lines until one has the words."""
        lines = []
        while select.select([process.stdout], [], [], WAIT_S)[0]:
            line = process.stdout.readline().decode()
            if not line:
                break
            lines.append(line)
            if words in line:
                return "".join(lines)
        self.fail(f"no line with {words!r} in: {''.join(lines)}")

    def end(self, process):
        """Asks it to end; none of its processes is left."""
        parts = children(process.pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(WAIT_S), 0)
        for name, pid in parts.items():
            self.assertFalse(os.path.exists(f"/proc/{pid}"), name)

    def test_wrong_descriptions_are_refused_in_one_line(self):
        good = ['site = "port"', 'networks = {"192.0.2.0/24"}', 'collectors = {"127.0.0.1:29995"}']
        enforcing = [*good[:2], "interfaces = {lo}", "place = nft"]
        for lines, words in (
                (good[1:], "site: its name is missing"),
                (('site = "edge"', *good[1:]), "site: authority and edge are names of its processes"),
                (('site = "authority"', *good[1:]), "site: authority and edge are names of its processes"),
                ([good[0], good[2]], "networks: what is to be protected?"),
                (good[:2], "where does traffic come in?"),
                ([*good, "colour = red"], "colour"),
                ([*good, "host_pps = 5"], "host_pps"),
                ([*good, 'basis = "a\\b"'], "neither quotes"),
                ([*good, "place = nft"], "where is it enforced?"),
                (enforcing, "on what law, contract or decision"),
                ([*enforcing, 'basis = "contract 4"'], "nothing is enforced that nobody can approve")):
            with self.subTest(words=words):
                result = subprocess.run([HINOMI, "up", self.describe(*lines)], capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 2)
                self.assertIn(words, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)
                self.assertFalse(os.path.exists(self.site))
        checked = subprocess.run([HINOMI, "up", "--check", self.describe(*good)], capture_output=True, text=True, check=True)
        self.assertIn("sound (site port)", checked.stdout)
        self.assertFalse(os.path.exists(self.site))

    def test_the_example_is_sound_as_it_is_and_with_all_that_it_offers(self):
        with open(EXAMPLE, encoding="utf-8") as file:
            example = file.read()
        whole = re.sub(r"^#(?=[a-z])", "", example, flags=re.M).replace("place = watch", "place = nft")
        self.assertNotEqual(whole, example)
        for text in (example, whole):
            path = os.path.join(self.folder, "example.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            checked = subprocess.run([HINOMI, "up", "--check", path], capture_output=True, text=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_what_a_process_refuses_starts_nothing(self):
        result = subprocess.run([HINOMI, "up", self.describe('site = "port"', 'networks = {"192.0.2.0/99"}',
                                                             'collectors = {"127.0.0.1:29995"}')],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("192.0.2.0/99", result.stderr)
        self.assertNotIn("running", result.stdout)

    def test_a_site_that_watches_is_kept_running(self):
        path = self.describe('site = "port"', 'networks = {"192.0.2.0/24"}', 'collectors = {"127.0.0.1:29996"}')
        process = self.up(path)
        self.wait_for(process, "site port is up: it sees and tells; nothing is enforced")
        before = children(process.pid)
        self.assertEqual(list(before), ["hinomi-sensor"])
        os.kill(before["hinomi-sensor"], signal.SIGKILL)
        self.wait_for(process, "running again")
        after = {}
        while "hinomi-sensor" not in after:  # between fork and exec it has another name
            after = children(process.pid)
        self.assertNotEqual(after["hinomi-sensor"], before["hinomi-sensor"])
        self.assertTrue(os.path.exists(os.path.join(self.site, "findings.jsonl")))
        self.assertEqual(os.listdir(os.path.join(self.site, "keys")), [])
        self.end(process)

    def test_a_site_with_a_page_lets_in_whoever_has_its_token(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        path = self.describe('site = "port"', 'networks = {"192.0.2.0/24"}', 'collectors = {"127.0.0.1:29997"}',
                             f'page = "{address}"')
        tokens = []
        for _ in range(2):
            process = self.up(path)
            self.wait_for(process, f"page http://{address}/")
            self.assertEqual(list(children(process.pid)), ["hinomi-tower", "hinomi-sensor"])
            token_path = os.path.join(self.site, "keys/page.token")
            self.assertEqual(os.stat(token_path).st_mode & 0o777, 0o600)
            with open(token_path, encoding="ascii") as file:
                tokens.append(file.read().strip())
            request = urllib.request.Request(f"http://{address}/api/v1/session", headers={"Authorization": f"Bearer {tokens[-1]}"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.assertEqual(json.load(answer)["name"], "operator")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://{address}/api/v1/session", timeout=10)
            self.assertEqual(refused.exception.code, 401)
            self.end(process)
        self.assertEqual(tokens[0], tokens[1])

    def test_a_site_with_exercises_has_a_player_that_its_page_hears(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        site = ('site = "port"', 'networks = {"192.0.2.0/24"}', 'collectors = {"127.0.0.1:29996"}', "exercises = yes")
        alone = subprocess.run([HINOMI, "up", "--check", self.describe(*site)], capture_output=True, text=True, check=False)
        self.assertEqual(alone.returncode, 2)
        self.assertIn("exercises: are started on a page", alone.stderr)
        process = self.up(self.describe(*site, f'page = "{address}"'))
        self.wait_for(process, f"page http://{address}/")
        self.assertEqual(list(children(process.pid)), ["hinomi-exercise", "hinomi-tower", "hinomi-sensor"])
        with open(os.path.join(self.site, "keys/page.token"), encoding="ascii") as file:
            headers = {"Authorization": f"Bearer {file.read().strip()}"}
        told = {"player": "silent"}
        until_s = time.monotonic() + WAIT_S
        while told["player"] == "silent" and time.monotonic() < until_s:
            time.sleep(0.2)
            with urllib.request.urlopen(urllib.request.Request(f"http://{address}/api/v1/exercise", headers=headers), timeout=10) as answer:
                told = json.load(answer)
        self.assertTrue(told["may_start"], told)
        self.assertIn("one-flood", [row["name"] for row in told["scenarios"]])
        self.end(process)

    @unittest.skipUnless(os.geteuid() == 0, "needs root for a network namespace")
    def test_a_site_that_enforces_keeps_keys_and_policy(self):
        people = (self.person("hana", "roles = {duty} may_request = yes"), self.person("jiro", "roles = {duty}"),
                  self.person("kyoko", "roles = {commission}"))
        path = self.describe('site = "port"', 'networks = {"192.0.2.0/24"}', "interfaces = {lo}", "place = nft",
                             'basis = "contract 4"', 'protected = {"198.51.100.53"}', *people)
        kept = []
        for _ in range(2):
            process = self.up(path, *APART)
            self.wait_for(process, "site port is up: nothing is enforced without an order")
            self.assertEqual(list(children(process.pid)), ["hinomi-authority", "hinomi-effect", "hinomi-sensor"])
            second = subprocess.run([*APART, HINOMI, "up", path], capture_output=True, text=True, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn("is up already", second.stderr)
            self.end(process)
            with open(os.path.join(self.site, "etc/policy"), "rb") as policy:
                kept.append(policy.read())
        self.assertEqual(kept[0], kept[1])
        self.assertIn(b'person "kyoko"', kept[0])
        self.assertIn(b'protected = {"198.51.100.53"}', kept[0])
        for name in os.listdir(os.path.join(self.site, "keys")):
            self.assertEqual(os.stat(os.path.join(self.site, "keys", name)).st_mode & 0o777, 0o600, name)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to capture")
    def test_one_that_never_gets_ready_ends_the_whole(self):
        path = self.describe('site = "port"', 'networks = {"192.0.2.0/24"}', "interfaces = {absent0}")
        process = self.up(path, *APART)
        self.wait_for(process, "hinomi-sensor: ended before it was ready")
        self.assertEqual(process.wait(WAIT_S), 1)


if __name__ == "__main__":
    unittest.main()
