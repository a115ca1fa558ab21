#!/usr/bin/python3
"""Proves hinomi together with the real sensor, on good files and bad ones: each bad one is one line, the rest goes on, and the exit
status is the one that the manual tells.

usage: whole_test.py HINOMI HINOMI_SENSOR
"""
import glob
import gzip
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

SENSOR = sys.argv.pop(2)
HINOMI = sys.argv.pop(1)
SEEDS = os.path.join(os.path.dirname(__file__), "../../tests/seeds/capture")
START_S = 1700000000
NOBODY = 65534


def capture(times_s, step_us=33):
    """A pcap file of UDP packets to 192.0.2.1, 30,000 from each of these seconds on."""
    udp = struct.pack("!HHHH", 40000, 9, 108, 0) + bytes(100)
    frame = bytes.fromhex("0200000000020200000000010800") + struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 128, 1, 0, 64, 17, 0, bytes([203, 0, 113, 9]), bytes([192, 0, 2, 1])) + udp
    packets = (struct.pack("<IIII", second, number * step_us, len(frame), len(frame)) + frame
               for second in times_s for number in range(30000))
    return struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + b"".join(packets)


FLOOD = capture([START_S, START_S + 1])


class Whole(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.hinomi = shutil.copy(HINOMI, self.path("hinomi"))
        shutil.copy(SENSOR, self.path("hinomi-sensor"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def run_hinomi(self, *arguments, **options):
        return subprocess.run([self.hinomi, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=self.folder,
                              **options)

    def scan(self, *arguments, **options):
        """Targets and starts of what is found, and the result."""
        result = self.run_hinomi("scan", "--json", *arguments, **options)
        findings = [json.loads(line) for line in result.stdout.splitlines()]
        return [(finding["target"], finding["window"]["start_ms"] // 1000) for finding in findings], result

    def test_each_bad_file_is_one_line(self):
        self.file("good", FLOOD)
        self.file("cut", FLOOD[:-50])
        self.file("empty", b"")
        self.file("text", b"no capture at all, but longer than a file header")
        self.file("packed.gz", gzip.compress(FLOOD[:1000]))
        self.file("nfdump", b"\x0c\xa5\x01\x00" + bytes(100))
        self.file("esc\033[2J", b"nonsense")
        os.symlink("loop", self.path("loop"))
        os.mkfifo(self.path("pipe"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("socket"))
            expected = {
                "cut": "is cut off in the middle of a packet; what came before was read",
                "empty": "is empty",
                "text": "is neither a capture (pcap, pcapng) nor an nfdump file, nor a mail",
                "packed.gz": "is compressed; unpack it first, for example: zcat FILE | hinomi scan -",
                "nfdump": "is an nfdump file of another layout than 2 (nfdump 1.7); write it anew first: nfdump -r FILE -w NEW",
                "esc\033[2J": "is neither a capture (pcap, pcapng) nor an nfdump file, nor a mail",
                "loop": "Too many levels of symbolic links",
                "missing": "No such file or directory",
                "socket": "No such device or address",
                "/dev/null": "is empty",
                "pipe": "is empty",
            }
            found, result = self.scan("--", *expected, "good")
        lines = [f"hinomi-sensor: {name}: {why}".replace("\033", "\\x1b") for name, why in expected.items()]
        self.assertEqual(result.stderr.splitlines(), lines)
        self.assertEqual(found, [("192.0.2.1", START_S)] * 2)  # of what was read of "cut", and of "good"
        self.assertEqual(result.returncode, 1)

    def test_each_wrong_option_and_configuration_is_one_line(self):
        cases = {
            ("scan", "--host-pps", "x", "y"): "hinomi-sensor: --host-pps: not a number: x; see hinomi-sensor --help",
            ("scan", "--min-packets=0", "y"): "hinomi-sensor: --min-packets: not a number: 0; see hinomi-sensor --help",
            ("scan", "--config", "/missing", "y"): "hinomi-sensor: /missing: No such file or directory",
            ("check", "/missing"): "hinomi-sensor: /missing: No such file or directory",
        }
        for arguments, line in cases.items():
            result = self.run_hinomi(*arguments)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (2, "", line + "\n"))
        self.file("conf", b'database = "%s"' % self.path("conf").encode())
        result = self.run_hinomi("check", self.path("conf"))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, f"hinomi-sensor: {self.path('conf')}: is not a libloc database, or is damaged\n")

    @unittest.skipIf(os.geteuid() != 0, "only root can be somebody else")
    def test_without_permission(self):
        self.file("secret", FLOOD)
        os.chmod(self.path("secret"), 0o600)
        self.file("good", FLOOD)
        found, result = self.scan("secret", "good", user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual((result.returncode, result.stderr), (1, "hinomi-sensor: secret: Permission denied\n"))
        self.assertEqual(found, [("192.0.2.1", START_S)])
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("sock"))
            os.chmod(self.path("sock"), 0o600)
            result = self.run_hinomi("status", "--socket", self.path("sock"), user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"hinomi status: {self.path('sock')}: no permission: ask as root or as a member of the "
                         "sensor's group\n")

    def test_pipes_are_read(self):
        os.mkfifo(self.path("pipe"))
        writer = threading.Thread(target=lambda: self.file("pipe", FLOOD))
        writer.start()
        found, result = self.scan("pipe")
        writer.join()
        self.assertEqual((found, result.returncode, result.stderr), ([("192.0.2.1", START_S)], 0, ""))
        self.file("good", FLOOD)
        with open(self.path("good"), "rb") as good:
            found, result = self.scan("-", stdin=good)
        self.assertEqual((found, result.returncode, result.stderr), ([("192.0.2.1", START_S)], 0, ""))

    def test_clocks_that_jump(self):
        year_s = 365 * 86400
        self.file("back", capture([START_S, START_S + 1, START_S - year_s, START_S - year_s + 1]))
        found, result = self.scan("back")
        self.assertEqual(found, [("192.0.2.1", START_S), ("192.0.2.1", START_S - year_s)])
        self.assertEqual((result.returncode, result.stderr),
                         (0, "hinomi-sensor: back: steps back in time: 1; judged anew from each\n"))
        stray = bytearray(capture([START_S, START_S + 1]))
        at = 24 + 158 * 20000  # the 20,000th packet says 2106
        stray[at:at + 4] = b"\xff\xff\xff\xff"
        self.file("stray", bytes(stray))
        found, result = self.scan("stray")
        self.assertEqual(found, [("192.0.2.1", START_S)])
        self.assertEqual((result.returncode, result.stderr),
                         (0, "hinomi-sensor: stray: packets out of time: 1; judged at the time of those before them\n"))

    def test_all_at_one_instant_has_a_rate(self):
        self.file("instant", capture([START_S], step_us=0))
        finding = json.loads(self.run_hinomi("scan", "--json", "instant").stdout)
        self.assertGreater(finding["peak_pps"], 29900)
        self.assertEqual(finding["peak_bps"], finding["peak_pps"] * 128 * 8)

    def test_damaged_captures(self):
        """Every seed, cut at every length and with bytes changed: at most one line each, and all are read."""
        generator = random.Random(1)
        names = []
        for seed in sorted(glob.glob(SEEDS + "/*")):
            with open(seed, "rb") as file:
                content = file.read()
            for number in range(100):
                damaged = bytearray(content[:len(content) * (number % 50 + 1) // 50])
                for _ in range(number // 50 * 5):
                    damaged[generator.randrange(len(damaged))] = generator.randrange(256)
                names.append(f"{os.path.basename(seed)}.{number}")
                self.file(names[-1], bytes(damaged))
        self.file("good", FLOOD)
        found, result = self.scan(*names, "good")
        self.assertIn(("192.0.2.1", START_S), found)
        told = [line.split(": ")[1] for line in result.stderr.splitlines()]
        self.assertEqual([line for line in result.stderr.splitlines() if not line.startswith("hinomi-sensor: pcap")], [])
        self.assertEqual(result.returncode, 1)
        self.assertGreater(len(told), len(names) // 4)
        self.assertLess(len(told), len(names))

    def test_exit_statuses(self):
        self.file("good", FLOOD)
        self.file("sound", b'capture "eth0" { method = packet }\nnetworks = {"192.0.2.0/24"}\n')
        self.file("idle", b"")
        self.file("wrong", b'sensor = "a"\ncapture "eth0" { ring = 5 }\n')
        self.file("small", b"detection { memory = 1MiB }\n")
        self.file("lost", b'database = "/nonexistent"\n')
        cases = (
            (("check", "sound"), 0, "sound: sound (captures 1, collectors 0, networks 1)\n", ""),
            (("check", "idle"), 0, "idle: sound, but it watches nothing: no capture, no collector\n", ""),
            (("check", "wrong"), 2, "", "hinomi-sensor: wrong:2: ring = 5: must be a size with its unit, as in 64MiB\n"),
            (("check", "small"), 2, "", "hinomi-sensor: small: detection: memory is below the least that the engine works with\n"),
            (("check", "lost"), 1, "", "hinomi-sensor: /nonexistent: No such file or directory\n"),
            (("check", "missing"), 2, "", "hinomi-sensor: missing: No such file or directory\n"),
            (("scan", "--config", "wrong", "good"), 2, "",
             "hinomi-sensor: wrong:2: ring = 5: must be a size with its unit, as in 64MiB\n"),
            (("status", "--socket", "missing"), 1, "", "hinomi status: missing: no sensor runs there: there is no such socket\n"),
            (("status", "--socket", "good"), 1, "", "hinomi status: good: no sensor answers there\n"),
        )
        for arguments, code, output, errors in cases:
            result = self.run_hinomi(*arguments)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (code, output, errors), arguments)
        self.assertEqual(self.run_hinomi("scan", "good").returncode, 0)

    def test_findings_name_their_file(self):
        self.file("one.pcap", FLOOD)
        self.file("two\033.pcap", FLOOD)
        result = self.run_hinomi("scan", "one.pcap", "two\033.pcap")
        lines = result.stdout.splitlines()
        self.assertEqual([lines[1], lines[4]], ["one.pcap:", "two?.pcap:"])
        self.assertNotIn(".pcap", self.run_hinomi("scan", "one.pcap").stdout)
        result = self.run_hinomi("scan", "--json", "one.pcap", "two\033.pcap")
        findings = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([finding["sensor"] for finding in findings], ["one.pcap", "two?.pcap"])
        self.assertNotEqual(findings[0]["id"], findings[1]["id"])

    @unittest.skipIf(not os.path.exists("/var/lib/location/database.db"), "libloc-database is not installed")
    def test_origins_come_from_the_installed_database(self):
        self.file("good", FLOOD)
        self.file("conf", b"")
        for arguments in ((), ("--config", "conf")):
            result = self.run_hinomi("scan", "--json", *arguments, "good")
            self.assertNotEqual(json.loads(result.stdout)["sources"][0]["country"], "")


unittest.main()
