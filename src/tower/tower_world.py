"""A tower in a folder of its own, for tests: its configuration, accounts, processes, and clients in plain sockets."""
import http.client
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

import jsonschema

ROLES = ("operator", "analyst", "approver", "inspector", "reader", "sender")
ME = pwd.getpwuid(os.getuid()).pw_name


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=20):
        super().__init__("tower", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Api:
    """schema/api.json, and what it says of a reply."""

    def __init__(self, path):
        self.document = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        self.resolver = jsonschema.RefResolver("", self.document)

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def operation(self, method, target):
        """The operation of a request; a pattern without open segments goes first."""
        path = target.split("?")[0]
        for pattern in sorted(self.document["paths"], key=lambda pattern: pattern.count("{")):
            open_path = re.sub(r"\\{path\\}", ".+", re.sub(r"\\{(?!path)[a-z]+\\}", "[^/]+", re.escape(pattern)))
            if re.fullmatch(open_path, path) and method.lower() in self.document["paths"][pattern]:
                return self.document["paths"][pattern][method.lower()]
        raise AssertionError(f"schema/api.json has no {method} {path}")

    def check(self, method, target, reply):
        """A reply is one that is described, and its body is as described."""
        described = self.operation(method, target)["responses"].get(str(reply.status))
        assert described is not None, (method, target, reply.status, reply.body[:300])
        if "$ref" in described:
            described = self.document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
        content = described.get("content", {})
        if not content:
            assert reply.body == b"", reply.body
            return
        kind = reply.headers["Content-Type"].split(";")[0]
        assert kind in content, (method, target, kind)
        if kind == "application/json":
            jsonschema.Draft202012Validator(content[kind]["schema"], resolver=self.resolver).validate(reply.json())
        if "x-line-schema" in content[kind]:
            for line in reply.body.splitlines():
                jsonschema.Draft202012Validator(content[kind]["x-line-schema"], resolver=self.resolver).validate(json.loads(line))


class Stream:
    """A watcher: events as (kind, data, id), in their order."""

    def __init__(self, connection, headers, after=None):
        self.connection = connection
        connection.request("GET", "/api/v1/events" + (f"?after={after}" if after else ""), headers=headers)
        self.response = connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.last_id = None

    def read(self, wanted=None, seconds=10):
        """The next event, or the next of a kind."""
        until = time.monotonic() + seconds
        fields = {}
        while time.monotonic() < until:
            line = self.response.readline().decode().rstrip("\n")
            if line == "" and "event" in fields:
                self.last_id = fields["id"]
                if wanted is None or fields["event"] == wanted:
                    return fields["event"], json.loads(fields["data"]), fields["id"]
                fields = {}
            elif line and not line.startswith(":"):
                name, value = line.split(": ", 1)
                fields[name] = value
        raise AssertionError(f"no {wanted} within {seconds} s")

    def close(self):
        self.connection.close()


class Tower:
    def __init__(self, program, folder, api, **options):
        self.program, self.folder, self.api = program, pathlib.Path(folder), api
        self.listen = self.folder / "http.sock"
        self.socket = self.folder / "tower.sock"
        self.process = None
        self.tokens = {}
        self.asked = 0
        (self.folder / "page" / "assets").mkdir(parents=True, exist_ok=True)
        settings = {"name": "tower.example", "listen": self.listen, "origin": "https://tower.example", "socket": self.socket,
                    "store": f"sqlite:{self.folder}/store", "page": f"{self.folder}/page", "requests_per_s": "2000", "proxy": "yes", **options}
        lines = [f'{name} = "{value}"' for name, value in settings.items()]
        lines.append(f"sender own {{ users = {ME} }}")
        lines.append('recipient "ministry" { form = ddos_jp basis = "section 5" within = 72h }')
        (self.folder / "conf").write_text("\n".join(lines) + "\n")

    def account(self, name, roles, member=""):
        done = subprocess.run([self.program, "account", name, "--config", self.folder / "conf", "--roles", roles, "--member", member,
                               "--token"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        self.tokens[name] = done.stdout.strip()

    def start(self):
        with open(self.folder / "log.txt", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.program, "--config", self.folder / "conf"], stderr=log)
        for _ in range(600):
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.listen))
                if "serving" in self.log():
                    return
            except OSError:
                pass
            assert self.process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError("the tower does not answer")

    def log(self):
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(30)
        assert how == signal.SIGKILL or code == 0, (code, self.log())

    def headers(self, who):
        return {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}

    def ask(self, method, target, who=None, body=None, headers=None, is_checked=True):
        """A request and its reply, which must be as schema/api.json has it."""
        connection = UnixConnection(self.listen)
        self.asked += 1  # each from another address, as far as a proxy can tell
        sent = {**self.headers(who), "X-Real-IP": f"198.51.{self.asked // 256 % 256}.{self.asked % 256}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        try:
            connection.request(method, target, body=data, headers=sent)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answers before all is sent
        reply = Reply(connection.getresponse())
        connection.close()
        if is_checked:
            self.api.check(method, target, reply)
        return reply

    def watch(self, who, after=None):
        return Stream(UnixConnection(self.listen), self.headers(who), after)

    def raw(self, data, seconds=20):
        """Bytes as they are, and all that comes back."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            client.connect(str(self.listen))
            got = b""
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while part := client.recv(65536):
                    got += part
            except (BrokenPipeError, ConnectionResetError):
                pass
            return got

    def metric(self, name, who):
        text = self.ask("GET", "/metrics", who).body.decode()
        return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(re.escape(name) + r"[ {]", line))


class Postgres:
    """A server of its own in a folder, on a Unix socket alone; as another user where we are root, whom it refuses."""

    PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.folder.mkdir()
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        data = self.folder / "data"
        subprocess.run([self.PROGRAMS / "initdb", "-D", data, "-U", "hinomi", "-A", "trust", "-N"], check=True, capture_output=True,
                       cwd=self.folder, **who)
        self.process = subprocess.Popen([self.PROGRAMS / "postgres", "-D", data, "-k", self.folder, "-h", "", "-c", "fsync=off"],
                                        cwd=self.folder, stderr=subprocess.DEVNULL, **who)
        for _ in range(600):
            if subprocess.run([self.PROGRAMS / "pg_isready", "-q", "-h", self.folder], check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError("PostgreSQL does not answer")

    def place(self, database):
        subprocess.run([self.PROGRAMS / "createdb", "-h", self.folder, "-U", "hinomi", database], check=True)
        return f"postgresql:host={self.folder} user=hinomi dbname={database}"

    def ask(self, database, sql):
        """Rows as lines, columns apart by |."""
        return subprocess.run([self.PROGRAMS / "psql", "-h", self.folder, "-U", "hinomi", "-d", database, "-Atqc", sql], check=True,
                              capture_output=True, text=True).stdout

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Sender:
    """A process of this machine that brings documents."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("r", encoding="utf-8")

    def send(self, line):
        self.socket.sendall((line if isinstance(line, str) else canonical(line)).encode() + b"\n")

    def read(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def tell(self, line):
        self.send(line)
        return self.read()

    def close(self):
        self.file.close()
        self.socket.close()


def finding_example(program):
    """A finding as a sensor would tell it now, out of what finding_test prints."""
    output = subprocess.run([program, "--documents"], capture_output=True, check=True).stdout.decode()
    finding = json.loads(output.splitlines()[0])
    shift_ms = int(time.time() * 1000) - finding["told_ms"]
    for part in [finding, finding["window"], *finding["vectors"]]:
        for name, value in part.items():
            if name.endswith("_ms") and isinstance(value, int) and value > 10**12:
                part[name] = value + shift_ms
    return {**finding, "target": "192.0.2.10", "prefixes": [], "phase": "begin", "sequence": 0, "kind": "flood"}


def health(member, process="sensor-1", **changes):
    """Health of a process as it would tell it now."""
    now_ms = int(time.time() * 1000)
    return {"document": "health", "version": 1, "member": member, "process": process, "program": "hinomi-sensor 0.1.0",
            "started_ms": now_ms - 60000, "at_ms": now_ms, "rules": 0, "losses": [{"reason": "ring_full", "count": 0}],
            "rates": {"in_pps": 1000, "in_bps": 8000000, "attack_pps": 900, "attack_bps": 7000000, "dropped_pps": 800}, **changes}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
