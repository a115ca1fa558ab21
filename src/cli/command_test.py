#!/usr/bin/python3
"""Proves the hinomi command from outside, with a stand-in for the sensor that says what each test wants, good and bad.

usage: command_test.py HINOMI
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HINOMI = sys.argv.pop(1)
SEED = os.path.join(os.path.dirname(__file__), "../../tests/seeds/finding/flood.json")
with open(SEED, encoding="utf-8") as seed:
    FINDING = seed.read().strip()
DONE = 'done {"files":1,"packets":1234,"bytes":90100,"observations":1222,"refused":{"not_ip":10,"truncated":2,"malformed":0}}'


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.hinomi = shutil.copy(HINOMI, os.path.join(self.folder, "hinomi"))
        self.addCleanup(shutil.rmtree, self.folder)

    def sensor(self, script, name="hinomi-sensor"):
        """Puts a shell script in the place of the sensor; its variables tell what it shall say."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)

    def run_hinomi(self, *arguments):
        environment = {**os.environ, "FINDING": FINDING, "DONE": DONE}
        return subprocess.run([self.hinomi, *arguments], capture_output=True, text=True, env=environment, timeout=60,
                              check=False)

    def test_finding_is_shown_in_a_table(self):
        self.sensor('printf "%s\\n" "$FINDING"; printf "progress 1 2\\n%s\\n" "$DONE" >&3')
        result = self.run_hinomi("scan", "x.pcap")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertIn("VECTORS", lines[0])
        self.assertIn("ntp_reflection 70 %", lines[1])
        self.assertIn("over host_pps", lines[2])
        self.assertRegex(lines[3], r"^Read 1 file, 1,234 packets, 90.1 kB in [0-9.]+ m?s; refused 12: not_ip 10, truncated 2\.$")
        self.assertEqual(result.stderr, "")
        self.assertNotIn("\033", result.stdout)

    def test_nothing_found_is_said(self):
        self.sensor('printf "%s\\n" "$DONE" >&3')
        result = self.run_hinomi("scan", "x.pcap")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(result.stdout.startswith("Nothing found in 1,234 packets.\n"))
        self.sensor("""printf '%s\\n' 'done {"files":1,"packets":0,"bytes":90100,"flow_records":4321,"refused":{}}' >&3""")
        self.assertRegex(self.run_hinomi("scan", "x").stdout, r"^Nothing found in 4,321 flow records\.\n"
                         r"Read 1 file, 4,321 flow records, 90.1 kB in [0-9.]+ m?s; refused 0\.\n$")

    def test_json_is_the_finding_and_nothing_else(self):
        self.sensor('printf "%s\\n" "$FINDING"; printf "%s\\n" "$DONE" >&3')
        self.assertEqual(self.run_hinomi("scan", "--json", "x").stdout, FINDING + "\n")
        self.sensor('printf "%s\\n" "$DONE" >&3')
        self.assertEqual(self.run_hinomi("scan", "--json", "x").stdout, "")

    def test_fingerprint_is_the_dissectors(self):
        self.sensor('printf "%s\\n" "$FINDING"; printf "%s\\n" "$DONE" >&3')
        fingerprint = json.loads(self.run_hinomi("scan", "--fingerprint", "x").stdout)
        self.assertEqual(fingerprint["target"], "192.0.2.1")
        self.assertEqual(fingerprint["attack_vectors"][0]["source_port"], 123)

    def test_the_sensor_is_told_what_to_do(self):
        self.sensor('printf "%s " "$@" >&2; printf "\\n" >&2; printf "%s\\n" "$DONE" >&3')
        result = self.run_hinomi("scan", "a", "--network", "192.0.2.0/24", "b")
        self.assertEqual(result.stderr, "--scan --progress-fd 3 --network 192.0.2.0/24 -- a b \n")

    def test_files_that_cannot_be_read(self):
        self.sensor('echo "hinomi-sensor: x: is empty" >&2; printf "%s\\n" "$DONE" >&3; exit 1')
        result = self.run_hinomi("scan", "x")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "hinomi-sensor: x: is empty\n")

    def test_a_hostile_sensor_steers_nothing(self):
        self.sensor('printf "\\033[2J%s\\n" "$FINDING"; printf "{}\\nx\\n"; head -c 300000 /dev/zero | tr "\\0" a; echo;'
                    'printf "%s\\n" "$FINDING"; printf "a\\033[31mb\\n" >&2; printf "done {\\nx\\nprogress 1\\n%s\\n" "$DONE" >&3')
        result = self.run_hinomi("scan", "x")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "a?[31mb\nhinomi: 4 lines of the sensor could not be read\n")
        self.assertNotIn("\033", result.stdout)
        self.assertEqual(result.stdout.count("ntp_reflection 70 %,"), 2)  # the row and its why, of the one good line

    def test_a_sensor_that_dies(self):
        self.sensor('printf "%s\\n" "$FINDING"; kill -SEGV $$')
        result = self.run_hinomi("scan", "x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ended by signal 11", result.stderr)
        self.sensor("exit 0")
        result = self.run_hinomi("scan", "x")
        self.assertEqual((result.returncode, result.stderr), (1, "hinomi: the sensor ended without its summary\n"))
        self.sensor("exit 2")
        self.assertEqual(self.run_hinomi("scan", "x").returncode, 2)

    def test_a_missing_sensor(self):
        result = self.run_hinomi("scan", "x")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "hinomi: hinomi-sensor is not installed beside this program\n")
        self.assertEqual(self.run_hinomi("exercise").returncode, 1)

    def test_usage(self):
        for arguments in (["scan"], ["scan", "--wrong", "x"], ["wrong"], [], ["check"], ["status", "x"], ["status", "--socket"]):
            result = self.run_hinomi(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertNotEqual(result.stderr, "")
        for arguments in (["help"], ["--help"], ["-h"], ["help", "scan"], ["scan", "--help"], ["help", "status"], ["version"],
                          ["--version"], ["help", "check"]):
            result = self.run_hinomi(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
            self.assertNotEqual(result.stdout, "")

    def test_other_programs_are_started(self):
        self.sensor('echo "sensor $@"; exit 1')
        self.sensor('echo "exercise $@"', "hinomi-exercise")
        self.assertEqual(self.run_hinomi("check", "x.conf").stdout, "sensor --check x.conf\n")
        self.assertEqual(self.run_hinomi("check", "x.conf").returncode, 1)
        self.assertEqual(self.run_hinomi("exercise", "--list", "a").stdout, "exercise --list a\n")

    def answer(self, text):
        """A sensor that gives one answer on a socket; returns the socket's path and the list of questions it got."""
        path = os.path.join(self.folder, "sensor.sock")
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        questions = []

        def serve():
            connection, _ = listener.accept()
            questions.append(connection.recv(1000))
            try:
                connection.sendall(text)
            except BrokenPipeError:
                pass
            connection.close()
            listener.close()

        threading.Thread(target=serve, daemon=True).start()
        return path, questions

    def test_status(self):
        status = {"version": 1, "sensor": "edge1", "uptime_s": 5, "rates": {"pps": 1, "bps": 2}, "inputs": [], "talkers": [],
                  "findings": [json.loads(FINDING)], "memory_bytes": 3}
        line = json.dumps(status).encode() + b"\n"
        path, questions = self.answer(line)
        result = self.run_hinomi("status", "--socket", path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(questions, [b'{"command":"status"}\n'])
        self.assertIn("edge1, up 5.0 s", result.stdout)
        self.assertIn("ntp_reflection 70 %", result.stdout)
        path, _ = self.answer(line)
        self.assertEqual(json.loads(self.run_hinomi("status", "--json", "--socket=" + path).stdout), status)

    def test_status_without_a_good_answer(self):
        for text, complaint in ((b"", "closed the connection"), (b"{}\n", "another version"), (b"nonsense\n", "cannot be read"),
                                (b"x" * (17 << 20) + b"\n", "cannot be read"), (b'{"version":2}\n', "another version")):
            path, _ = self.answer(text)
            result = self.run_hinomi("status", "--socket", path)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(complaint, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)
        self.assertEqual(self.run_hinomi("status", "--socket", "/nonexistent").returncode, 1)
        self.assertEqual(self.run_hinomi("status", "--socket", "x" * 200).returncode, 1)


unittest.main()
