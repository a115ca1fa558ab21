"""What the benchmarks share: a private place to run in, the programs under test, their CPU time and counters, and the bar.

A benchmark runs in mount, network and process namespaces of its own, with loopback and its own veth pairs only: nothing
reaches another machine, nothing outlives it, and a peer's fixed paths (/var/log, /var/run) are empty directories of its own.
Load maker and program under test are pinned to different CPUs. CPU time is of the whole process, by its own clock.
"""
import atexit
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("HINOMI_BUILD", ROOT / "build" / "bench"))
CORPUS = pathlib.Path(os.environ.get("HINOMI_CORPUS", ROOT.parent / "shared" / "corpus"))
FULL = "--full" in sys.argv[1:]
CPUS = sorted(os.sched_getaffinity(0))
LOAD_CPU, TEST_CPU = CPUS[0], CPUS[-1]
RECORDS_PER_DATAGRAM = 30  # bench/send_flows.c
CPUCLOCK_SCHED = 2  # of linux/posix-timers.h: with a process id, that process's CPU time


def fail(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def build():
    """Builds what is measured, optimised as packages are, unless HINOMI_BUILD names a build."""
    subprocess.run([ROOT / "tools" / "build", BUILD], check=True)


def enter():
    """Goes on in namespaces of its own (needs root); returns an empty work directory that nobody else sees."""
    for argument in sys.argv[1:]:
        if argument != "--full":
            sys.exit(f"usage: {sys.argv[0]} [--full]")
    if os.environ.get("HINOMI_BENCH") != "inside":
        if os.geteuid() != 0:
            fail("needs root, for namespaces of its own")
        build()
        os.environ["HINOMI_BENCH"] = "inside"
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, *sys.argv])
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "sysfs", "none", "/sys")
    for place in ("/var/log", "/run", "/mnt", "/dev/shm"):
        run("mount", "-t", "tmpfs", "none", place)
    atexit.register(stop_all)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return pathlib.Path("/mnt")


def run(*argv, **options):
    """Runs to the end; what it prints is returned."""
    return subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def numbers(text):
    """NAME=NUMBER words as a dict."""
    return {name: int(value) for name, value in (word.split("=") for word in text.split())}


started = []


def stop_all():
    for process in started:
        process.stop()


class Process:
    """A program under test, with its CPU time and memory."""

    def __init__(self, *argv, cpu=None, **options):
        self.argv = [str(a) for a in argv]
        prefix = [] if cpu is None else ["taskset", "-c", str(cpu)]
        self.popen = subprocess.Popen(prefix + self.argv, **options)
        started.append(self)

    def cpu_s(self):
        """CPU time of all its threads, to the nanosecond: /proc/PID/stat counts in ticks of 10 ms."""
        return time.clock_gettime(~self.popen.pid << 3 | CPUCLOCK_SCHED)

    def waited_s(self):
        """Time that its first thread was ready to run and other processes had the CPU."""
        return int(pathlib.Path(f"/proc/{self.popen.pid}/schedstat").read_text().split()[1]) / 1e9

    def memory_peak_bytes(self):
        for line in pathlib.Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


class FastNetMon(Process):
    """FastNetMon 1.2.4 of Debian 12 (bench/peers), with its usage report off and connection tracking off."""
    CONFIG = {
        "logging_level": "info", "disable_usage_report": "on", "enable_ban": "on", "enable_ban_ipv6": "on",
        "process_incoming_traffic": "on", "process_outgoing_traffic": "off", "enable_connection_tracking": "off",
        "ban_for_pps": "on", "ban_for_bandwidth": "off", "ban_for_flows": "off", "threshold_pps": "4000000000",
        "ban_time": "1900", "average_calculation_time": "5", "speed_calculation_delay": "1", "check_period": "1",
        "netflow": "off", "netflow_port": "2055", "netflow_host": "127.0.0.1", "netflow_sampling_ratio": "1",
        "mirror_afpacket": "off", "interfaces": "", "enable_api": "off", "monitor_local_ip_addresses": "off",
        "prometheus": "on", "prometheus_port": "9209", "prometheus_host": "127.0.0.1",
    }

    def __init__(self, work, networks="10.0.0.0/16", **settings):
        if shutil.which("fastnetmon") is None:
            fail("FastNetMon is not here; bench/peers installs it")
        place = pathlib.Path(tempfile.mkdtemp(dir=work))
        self.bans_file = place / "bans"
        script = place / "notify"
        script.write_text(f'#!/bin/sh\n[ "$4" = ban ] && echo "$(date +%s%N) $1" >>{self.bans_file}\ncat >/dev/null\n')
        script.chmod(0o755)
        (place / "networks").write_text(networks + "\n")
        (place / "whitelist").write_text("")
        config = dict(self.CONFIG, networks_list_path=place / "networks", white_list_path=place / "whitelist",
                      notify_script_path=script, pid_path=place / "pid", cli_stats_file_path=place / "stats",
                      cli_stats_ipv6_file_path=place / "stats6", **settings)
        (place / "config").write_text("".join(f"{name} = {value}\n" for name, value in config.items()))
        super().__init__("fastnetmon", "--configuration_file", place / "config", "--log_file", place / "log",
                         "--disable_pid_logic", cpu=TEST_CPU, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.counter("total_simple_packets_processed", patience_s=10)
        time.sleep(1.5)  # its collectors and captures come up after its metrics do

    def counter(self, name, patience_s=2):
        """One of its own counters, from its Prometheus page."""
        until = time.monotonic() + patience_s
        while True:
            try:
                page = urllib.request.urlopen("http://127.0.0.1:9209/metrics", timeout=5).read().decode()
                return int(next(line for line in page.splitlines() if line.startswith(f"fastnetmon_{name} ")).split()[1])
            except OSError as error:
                if time.monotonic() > until or self.popen.poll() is not None:
                    fail(f"FastNetMon does not answer: {error}")
                time.sleep(0.1)

    def bans(self):
        """Addresses banned so far, with the wall clock in ns."""
        if not self.bans_file.exists():
            return []
        return [(int(when), address) for when, address in (line.split() for line in self.bans_file.read_text().splitlines())]


class Sensor(Process):
    """hinomi-sensor, live, at its defaults but for what is given; findings are read from its standard output as they come."""

    def __init__(self, work, collectors=(), captures=(), networks=(), host_pps=None, memory=None, cpu=TEST_CPU):
        place = pathlib.Path(tempfile.mkdtemp(dir=work))
        lines = ['sensor = "bench"', f"networks = {{{', '.join(networks)}}}", f'status_socket = "{place}/socket"']
        lines += [f'collector "{listen}" {{ }}' for listen in collectors]
        lines += [f'capture "{interface}" {{ method = {method} }}' for interface, method in captures]
        lines += [f'threshold "default" {{ host_pps = {host_pps} }}'] if host_pps else []
        lines += [f"detection {{ memory = {memory} }}"] if memory else []
        (place / "hinomi.conf").write_text("\n".join(lines) + "\n")
        place.chmod(0o777)  # the sensor may become another user before it makes its socket
        self.socket_path = place / "socket"
        self.findings = []  # (wall clock in ns when the line came, document)
        super().__init__(BUILD / "src/sensor/hinomi-sensor", "--config", place / "hinomi.conf", cpu=cpu,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.findings_read, daemon=True).start()
        until = time.monotonic() + 10
        while not self.socket_path.exists():
            if time.monotonic() > until or self.popen.poll() is not None:
                fail("hinomi-sensor does not come up")
            time.sleep(0.02)

    def findings_read(self):
        for line in self.popen.stdout:
            self.findings.append((time.time_ns(), json.loads(line)))

    def status(self):
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.socket_path))
            asked.sendall(b'{"command":"status"}\n')
            return json.loads(asked.makefile().readline())

    def counted(self, name):
        """One counter summed over all inputs."""
        return sum(entry[name] for entry in self.status()["inputs"])

    def used(self):
        """Packets, or datagrams of flow records, that reached the detectors."""
        return self.counted("used")

    def records(self):
        """Flow records that reached the detectors, when all datagrams are send_flows's: those are full."""
        return RECORDS_PER_DATAGRAM * self.used()


def load(name, *argv):
    """Runs a load maker on its own CPU to the end; its figures."""
    return numbers(run("taskset", "-c", LOAD_CPU, BUILD / "bench" / name, *argv))


def start_load(name, *argv):
    return Process(BUILD / "bench" / name, *argv, cpu=LOAD_CPU, stdout=subprocess.PIPE, text=True)


def table(head, rows):
    """Prints columns: figures to the right, words to the left."""
    cells = [[str(c) for c in row] for row in [head, *rows]]
    columns = list(zip(*cells))
    widths = [max(map(len, column)) for column in columns]
    is_word = [any(c and not c[0].isdigit() for c in column[1:]) for column in columns]
    for row in cells:
        print("  ".join(c.ljust(w) if word else c.rjust(w) for c, w, word in zip(row, widths, is_word)).rstrip())


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def millions(value):
    return f"{value / 1e6:.2f} M"


def bar(name, figure, unit, text, is_ok):
    """The last line of every benchmark."""
    print(f"bar {name} {figure} {unit} {text} {'ok' if is_ok else 'short'}")
    sys.exit(0 if is_ok else 1)
