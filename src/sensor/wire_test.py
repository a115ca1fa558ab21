#!/usr/bin/python3
"""Proves, with the real sensor in a network namespace of its own: under overload received = used + what was dropped, for each
input, exactly; an interface that is removed is told, and read again when it is back; what may not leave is not in outgoing
findings, and counted.

usage: wire_test.py HINOMI_SENSOR
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SKIP = 77
PATIENCE_S = 30
ETHERNET = bytes.fromhex("020000000002020000000001")


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def links_make():
    ip("link", "add", "near", "type", "veth", "peer", "name", "far")
    for name in ("near", "far"):
        ip("link", "set", name, "up", "arp", "off")


def ipv4(protocol, payload, source, target):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    return ETHERNET + b"\x08\x00" + head + payload


def udp(source, target):
    return ipv4(17, struct.pack("!HHHH", 40000, 9, 108, 0) + bytes(100), source, target)


def syn(source, target):
    return ipv4(6, struct.pack("!HHIIBBHHH", 40000, 23, 1, 0, 0x50, 2, 64240, 0, 0), source, target)


UDP = udp("198.51.100.7", "192.0.2.1")
ARP = ETHERNET + b"\x08\x06" + bytes(28)
SHORT = UDP[:24]  # ends in the IP header
WRONG = UDP[:14] + b"\x41" + UDP[15:]  # an IP header of 4 bytes: RFC 791 section 3.1 wants 20
NETFLOW = struct.pack("!HHIIIIBBH", 5, 1, 100000, 1700000000, 0, 0, 0, 0, 0) + bytes([203, 0, 113, 5, 192, 0, 2, 9]) + bytes(8) + \
    struct.pack("!IIIIHH", 10, 640, 20000, 30000, 1234, 80) + b"\x00\x02\x06" + bytes(9)


class Wire(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        links_make()
        self.addCleanup(subprocess.run, ["ip", "link", "delete", "near"], check=False, stderr=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, config, findings=""):
        with open(self.path("conf"), "w", encoding="utf-8") as file:
            file.write(f'status_socket = "{self.path("sock")}"\nfindings {{ file = "{self.path("findings")}" {findings} }}\n'
                       f'metrics {{ listen = "127.0.0.1:9478" }}\n{config}')
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.sensor = subprocess.Popen([SENSOR, "--config", self.path("conf")], stderr=log)
        self.addCleanup(self.stop)
        self.log_await("started ")

    def stop(self):
        self.sensor.terminate()
        self.assertEqual(self.sensor.wait(PATIENCE_S), 0, self.log())

    def log(self):
        with open(self.path("log"), encoding="utf-8") as log:
            return log.read()

    def until(self, look):
        """Looks until there is an answer."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = look()
            if answer or time.monotonic() > end:
                return answer
            if self.sensor.poll() is not None:
                return look()
            time.sleep(0.02)

    def log_await(self, text, times=1):
        self.assertTrue(self.until(lambda: self.log().count(text) >= times), f"{text} is not in: {self.log()}")

    def input(self):
        """The sensor's one input, as its status tells."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(self.path("sock"))
            client.sendall(b'{"command":"status"}\n')
            with client.makefile("rb") as answer:
                return json.loads(answer.readline())["inputs"][0]

    def received_await(self, count):
        self.until(lambda: self.input()["received"] >= count)
        return self.input()

    def metrics(self):
        with socket.create_connection(("127.0.0.1", 9478)) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            with client.makefile(encoding="utf-8") as answer:
                return answer.read()

    def send(self, *frames):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("near", 0))
            for frame in frames:
                sender.send(frame)

    def overload(self, send):
        """Lets a burst arrive while the sensor does not run."""
        self.sensor.send_signal(signal.SIGSTOP)
        send()
        self.sensor.send_signal(signal.SIGCONT)

    def account(self, sent, reason):
        seen = self.received_await(sent)
        self.assertEqual(seen["received"], sent)
        self.assertEqual(seen["used"] + sum(seen["dropped"].values()), sent, seen)
        self.assertGreater(seen["dropped"].get(reason, 0), 0)
        self.assertGreater(seen["used"], 0)
        return seen

    def packets_account(self, method, reason):
        self.start(f'capture "far" {{ method = {method} ring = 1MiB }}')
        self.overload(lambda: self.send(*[ARP, SHORT, WRONG] * 10, *[UDP] * 30000))
        seen = self.account(30030, reason)
        for why in ("not_ip", "truncated", "malformed"):
            self.assertEqual(seen["dropped"].get(why), 10)
        self.send(UDP, ARP)  # and it goes on
        after = self.received_await(30032)
        self.assertEqual((after["used"], after["dropped"]["not_ip"]), (seen["used"] + 1, 11))

    def test_ring_overload(self):
        self.packets_account("packet", "kernel")

    def test_xdp_overload(self):
        self.packets_account("xdp", "ring")

    def test_collector_overload(self):
        self.start('collector "127.0.0.1:2055" { receive_buffer = 64KiB exporters = {"127.0.0.1"} }')

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for datagram in [b"nonsense", NETFLOW[:-1]] * 5 + [NETFLOW] * 5000:
                    sender.sendto(datagram, ("127.0.0.1", 2055))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.2", 0))
                stranger.sendto(NETFLOW, ("127.0.0.1", 2055))

        self.overload(send)
        seen = self.account(5011, "kernel")
        self.assertEqual((seen["dropped"].get("not_flow"), seen["dropped"].get("malformed")), (5, 5))

    def interface_follow(self, method):
        self.start(f'capture "far" {{ method = {method} }}')
        self.send(*[UDP] * 5)
        self.assertEqual(self.received_await(5)["used"], 5)
        ip("link", "delete", "near")
        self.log_await("interface_gone input=far")
        downs = self.log().count("interface_down")  # on its way it may be seen down
        seen = self.input()
        self.assertEqual((seen["state"], seen["outages"], seen["used"]), ("gone", 1, 5))
        self.assertIn(f'\nhinomi_input_up{{input="far",kind="{method}"}} 0\n', self.metrics())
        links_make()
        self.log_await("interface_up input=far")
        self.send(*[UDP] * 5)
        seen = self.received_await(10)
        self.assertEqual((seen["state"], seen["outages"], seen["used"]), ("up", 1, 10))
        ip("link", "set", "far", "down")
        self.log_await("interface_down input=far", downs + 1)
        page = self.metrics()
        self.assertIn(f'\nhinomi_input_up{{input="far",kind="{method}"}} 0\n', page)
        self.assertIn(f'\nhinomi_input_outages_total{{input="far",kind="{method}"}} 2\n', page)
        self.assertEqual(self.log().count("interface_"), downs + 3, self.log())

    def test_ring_interface(self):
        self.interface_follow("packet")

    def test_xdp_interface(self):
        self.interface_follow("xdp")

    def findings(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_outgoing_findings(self):
        """Domestic: 198.51.100.0/24 and our own 192.0.2.0/24. What is between these leaves in counts alone."""
        with open(self.path("outgoing"), "w", encoding="utf-8"):
            pass
        self.start('networks = {"192.0.2.0/24"}\ndomestic = {"192.0.2.0/24", "198.51.100.0/24"}\nforeign = {"203.0.113.0/24"}\n'
                   'capture "far" { method = packet }\nthreshold default { host_pps = 1kpps host_udp_pps = 1kpps }\n',
                   findings=f'outgoing_file = "{self.path("outgoing")}"')
        home, abroad = "198.51.100.7", "203.0.113.9"
        self.send(*[syn(source, f"192.0.2.{host}") for source in (home, abroad) for host in range(1, 101)])
        self.send(*[udp(source, "192.0.2.200") for _ in range(10000) for source in (home, abroad)])
        self.received_await(20200)
        self.until(lambda: len({finding["kind"] + finding["target"] for finding in self.findings("findings")}) == 3)
        self.sensor.terminate()
        self.log_await("stopped ")
        own, outgoing = self.findings("findings"), self.findings("outgoing")
        self.assertEqual({(finding["kind"], finding["target"]) for finding in own},
                         {("scan", home), ("scan", abroad), ("flood", "192.0.2.200")})
        self.assertEqual({(finding["kind"], finding["target"]) for finding in outgoing},
                         {("scan", "::/0"), ("scan", abroad), ("flood", "192.0.2.200")})
        self.assertNotIn(home, json.dumps(outgoing))
        self.assertEqual(len(outgoing), len(own))
        sources, targets = 0, 0
        for ours, theirs in zip(own, outgoing):
            self.assertEqual(theirs["class_packets"], {**ours["class_packets"], "domestic_domestic": 0, "unknown": 0})
            self.assertEqual(theirs["packets"], ours["packets"])
            self.assertEqual([source["addr"] for source in theirs["sources"]],
                             [source["addr"] for source in ours["sources"] if source["addr"] != home])
            sources += len(ours["sources"]) - len(theirs["sources"])
            targets += ours["target"] == home
            self.assertEqual(ours["id"] == theirs["id"], ours["target"] != home)
        self.assertGreater(sources, 0)
        self.assertEqual(len({finding["id"] for finding in outgoing}), 3)  # begin and end of one are one still
        self.assertIn(f"sources_erased={sources} targets_erased={targets} ", self.log())


if __name__ == "__main__":
    if os.environ.get("HINOMI_NAMESPACE") != "own":
        if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode != 0:
            print("skipped: no network namespaces")
            sys.exit(SKIP)
        os.environ["HINOMI_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    SENSOR = sys.argv.pop(1)
    ip("link", "set", "lo", "up")
    # Or the kernel's own packets (neighbour and multicast discovery) would be among those counted.
    for where in ("all", "default"):
        with open(f"/proc/sys/net/ipv6/conf/{where}/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
    unittest.main()
