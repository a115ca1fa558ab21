"""A place where the real effector can be tried, for its tests and benches: its files in a directory of their own, a veth pair
from out0 to in0 in the network namespace of this process, orders made by order_maker, and packets that pass or do not.
"""
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

PATIENCE_S = 20
DROPPED_PORT, OTHER_PORT = 7777, 8888  # order_maker.c


def run(*argv, **options):
    return subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def until(look, patience_s=PATIENCE_S):
    """Looks until there is an answer, or patience ends; returns the last answer."""
    end = time.monotonic() + patience_s
    while True:
        answer = look()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.005)


def links_make():
    """The pair, anew: what was attached to an old one is gone with it."""
    subprocess.run(["ip", "link", "delete", "in0"], check=False, stderr=subprocess.DEVNULL)
    run("ip", "link", "add", "in0", "address", "02:00:00:00:00:02", "type", "veth", "peer", "name", "out0")
    for name in ("in0", "out0"):
        run("ip", "link", "set", name, "up", "arp", "off")
    run("ip", "address", "add", "192.0.2.10/24", "dev", "in0")
    run("ip", "route", "add", "default", "dev", "in0")


def bpf_mount():
    """An empty BPF file system over the old one, as after a reboot."""
    run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")


def udp_frame(source, port):
    payload = struct.pack("!HHHH", 4000, port, 8 + 4, 0) + b"ping"
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton("192.0.2.10"))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:]
    return bytes.fromhex("020000000002020000000001") + b"\x08\x00" + head + payload


def passing(port, count=40, source="203.0.113.9"):
    """How many of so many packets from out0 arrive at a socket of 192.0.2.10."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        receiver.bind(("192.0.2.10", port))
        sender.bind(("out0", 0))
        for _ in range(count):
            sender.send(udp_frame(source, port))
        receiver.settimeout(0.1)  # veth hands over at once; what has not come by now was dropped
        got = 0
        try:
            while got < count:
                receiver.recv(64)
                got += 1
        except TimeoutError:
            pass
        return got


class Effector:
    """hinomi-effect with its files, and the authority that speaks to it."""

    def __init__(self, folder, binary, maker, place, **options):
        self.folder, self.binary, self.maker, self.place = pathlib.Path(folder), binary, maker, place
        for name in ("state", "sets"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        (self.folder / "policy").write_text(run(maker, "--policy"), encoding="utf-8")
        values = {"effector": "edge-1", "place": place, "interfaces": "{in0}", "policy": self.folder / "policy",
                  "state_directory": self.folder / "state", "source_sets": self.folder / "sets", "socket": self.folder / "socket",
                  "progress": "500ms", **options}
        (self.folder / "conf").write_text("".join(f'{name} = {value if str(value)[0] == "{" or name in ("progress", "end_quiet")  else json.dumps(str(value))}\n'
                                                  for name, value in values.items()), encoding="utf-8")
        self.process = self.channel = None
        self.receipts, self.healths = [], []
        self.environment = dict(os.environ)

    def start(self, *words):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([str(self.binary), "--config", str(self.folder / "conf"), *words], stderr=log, env=self.environment)
        before = self.log().count("started effector=")
        if not until(lambda: self.log().count("started effector=") > before or self.process.poll() is not None) or self.process.poll() is not None:
            raise RuntimeError(f"hinomi-effect does not come up: {self.log()}")
        self.connect()

    def connect(self):
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.connect(str(self.folder / "socket"))
        threading.Thread(target=self.receipts_read, args=[self.channel], daemon=True).start()

    def receipts_read(self, channel):
        try:
            with channel.makefile(encoding="utf-8") as lines:
                for line in lines:
                    document = json.loads(line)
                    (self.healths if document["document"] == "health" else self.receipts).append(document)
        except (OSError, ValueError):
            pass  # the effector was killed

    def kill(self):
        """kill -9; its nft child ends by itself then."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def log(self):
        path = self.folder / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def make(self, kind, counter, now_ms=None):
        return run(self.maker, kind, counter, now_ms or time.time_ns() // 1000000, self.folder / "sets")

    def tell(self, line):
        """Hands over a line; returns the first receipt after it that is not of progress."""
        seen = len(self.receipts)
        self.channel.sendall(line.encode())
        return until(lambda: next((receipt for receipt in self.receipts[seen:] if receipt["state"] != "progress"), None))

    def receipt(self, state, why=""):
        """Waits for a receipt of a kind that is not older than the last call of tell()."""
        return until(lambda: next((receipt for receipt in reversed(self.receipts) if receipt["state"] == state and receipt["why"].startswith(why)), None))
