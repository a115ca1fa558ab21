#!/usr/bin/python3
"""The whole authority in a folder of its own: keys, policy, ledger, sensors, effectors and people over its real socket.

usage: whole_test.py HINOMI_AUTHORITY DOCUMENT_TEST
Proves that nothing acts before it is logged and approved; that a standing order lets the fast path act at once; that urgent
orders are ratified or undone; that refusals and withdrawals reach the effector; that a kill at any time loses nothing that was
acknowledged; and that what is not allowed is refused in one line.
"""
import base64
import hashlib
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

AUTHORITY, DOCUMENT_TEST = sys.argv[1], sys.argv[2]
ME = pwd.getpwuid(os.getuid()).pw_name
POLICY = """
authority = "{authority}"
log = "{log}"
witnesses = {{"{inspector}", "{auditor}"}}
witness_quorum = {quorum}
protected = {{192.0.2.53}}
member port {{ networks = {{192.0.2.0/24, 2001:db8:1::/48}} }}
effector edge-1 {{ key = "{edge-1}" member = port class = own_edge }}
effector mail-1 {{ key = "{mail-1}" member = port class = reidentify }}
person hana {{ key = "{hana}" roles = {{duty}} may_request = yes }}
person jiro {{ key = "{jiro}" roles = {{duty}} }}
person kyoko {{ key = "{kyoko}" roles = {{commission}} }}
person taro {{ passkey = "{passkey}" relying_party = tower.example origin = "https://tower.example" roles = {{commission}} }}
class own_edge {{
	approvals = {{duty, commission}} urgent_approvals = {{duty}}
	longest = 1h answer_within = 30min widest_v4 = 24 widest_v6 = 48 collateral_permille = 20 rules = 16
	standing = yes standing_longest = 90d urgent = yes ratify_within = 2s
}}
class reidentify {{ approvals = {{duty, commission}} longest = 1h answer_within = 30min }}
"""
DRAFT = {"class": "own_edge", "member": "port", "effectors": ["edge-1"], "why": "floods by reflection", "basis": "section 5",
         "scope": ["192.0.2.0/24"], "kinds": ["flood"], "vectors": ["ntp_reflection"], "actions": ["drop"], "rules_most": 4,
         "longest_s": 900, "stopped_least_permille": 900, "collateral_most_permille": 5}


def run(*arguments, expect=0, text=None):
    done = subprocess.run([AUTHORITY, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if expect == 0 else done.stderr


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


class Line:
    """A client of the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("r", encoding="utf-8")

    def send(self, value):
        self.socket.sendall((value if isinstance(value, str) else json.dumps(value)).encode() + b"\n")

    def read(self):
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def ask(self, value):
        self.send(value)
        return self.read()

    def close(self):
        self.file.close()
        self.socket.close()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Effector(Line):
    """One that listens where the authority expects it, and takes what it is handed."""

    def __init__(self, path):
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            listener.settimeout(20)
            self.socket, _ = listener.accept()
        self.socket.settimeout(20)
        self.file = self.socket.makefile("r", encoding="utf-8")

    def read_end(self):
        """The statement of the next withdrawal."""
        said = self.read()
        assert said["document"] == "withdrawal", said
        return said["statement"]


class World:
    def __init__(self, folder, quorum=0):
        self.folder = folder
        self.socket = folder / "socket"
        self.process = None
        keys = {name: run("key", "new", folder / f"{name}.key", "--name", name).strip()
                for name in ("authority", "log", "edge-1", "hana", "jiro", "kyoko", "mail-1", "stranger")}
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "passkey.pem")
        point = openssl("ec", "-in", folder / "passkey.pem", "-pubout", "-outform", "DER")[-64:]
        self.log_key = keys["log"]
        self.witnesses = {name: run("key", "new", folder / f"{name}.key", "--name", name, "--witness").strip()
                          for name in ("inspector", "auditor")}
        keys.update(self.witnesses)
        (folder / "policy").write_text(POLICY.format(quorum=quorum, passkey=base64.b64encode(point).decode(), **keys))
        (folder / "conf").write_text(
            f'policy = "{folder}/policy"\nkey = "{folder}/authority.key"\nlog_key = "{folder}/log.key"\nledger = "{folder}/ledger"\n'
            f'socket = "{self.socket}"\nbasis = "agreement, section 4"\nsensors = {ME}\neffectors = {ME}\npeople = {ME}\n'
            f'effector edge-1 {{ socket = "{folder}/edge-1.sock" }}\n')
        run("ledger", "create", folder / "ledger", "--key", folder / "log.key")
        self.example = json.loads(subprocess.run([DOCUMENT_TEST, "--documents", "countermeasure"], capture_output=True, check=True).stdout)

    def start(self):
        self.process = subprocess.Popen([AUTHORITY, "--config", self.folder / "conf"], stderr=open(self.folder / "log.txt", "a"))
        for _ in range(400):
            try:
                Line(self.socket).close()
                return
            except OSError:
                assert self.process.poll() is None, (self.folder / "log.txt").read_text()
                time.sleep(0.01)
        raise AssertionError("the authority does not answer")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        assert code in (0, -signal.SIGKILL), (code, (self.folder / "log.txt").read_text())

    def line(self):
        return Line(self.socket)

    def attach(self):
        return Effector(self.folder / "edge-1.sock")

    def propose(self, **changes):
        sensor = self.line()
        answer = sensor.ask(canonical({**self.example, **changes}))
        sensor.close()
        return answer

    def verb(self, verb, order, who, *more, expect=0):
        return run(verb, order, "--key", self.folder / f"{who}.key", "--socket", self.socket, "--policy", self.folder / "policy", "--yes",
                   *more, expect=expect)

    def touch(self, order, user_flags=5):
        """What the page sends when Taro approves with his passkey, by an authenticator of openssl's."""
        client = self.line()
        note = client.ask({"ask": "order", "id": order})["order"]["note"]
        said = {"document": "approval", "version": 1, "subject": digest_of(note), "by": "taro", "role": "commission", "reason": "",
                "at_ms": int(time.time() * 1000)}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(canonical(said).encode() + b"\n").digest()).decode().rstrip("=")
        client_data = json.dumps({"type": "webauthn.get", "challenge": challenge, "origin": "https://tower.example"}).encode()
        data = hashlib.sha256(b"tower.example").digest() + bytes([user_flags, 0, 0, 0, 1])
        signature = openssl("dgst", "-sha256", "-sign", self.folder / "passkey.pem", data=data + hashlib.sha256(client_data).digest())
        said["webauthn"] = {"authenticator_data": base64.b64encode(data).decode(), "client_data": base64.b64encode(client_data).decode(),
                            "signature": base64.b64encode(signature).decode()}
        answer = client.ask({"ask": "say", "text": canonical(said) + "\n"})
        client.close()
        return answer

    def wait(self, order, state):
        """Receipts are not answered: what they change is seen soon."""
        for _ in range(500):
            found = self.states()[order]
            if found == state:
                return
            time.sleep(0.01)
        raise AssertionError(f"{order} is {found}, expected {state}")

    def states(self):
        client = self.line()
        states, place = {}, 0
        while place is not None:
            answer = client.ask({"ask": "orders", "from": place})
            states.update((entry["id"], entry["state"]) for entry in answer["orders"])
            place = answer["next"]
        client.close()
        return states


def bundle_of(effector, order):
    """The next bundle of an order. After a restart what may not have arrived is sent again: other orders' ends among it."""
    while True:
        said = effector.read()
        if said.get("document") == "bundle" and json.loads(said["order"].split("\n")[0])["id"] == order:
            return said


def digest_of(note):
    return hashlib.sha256(note.split("\n")[0].encode() + b"\n").hexdigest()


def receipt(bundle, state, why=""):
    nothing = {"bytes": 0, "packets": 0}
    return canonical({"document": "receipt", "version": 1, "order": digest_of(bundle["order"]), "effector": "edge-1", "state": state,
                      "why": why, "at_ms": int(time.time() * 1000), "stopped": nothing, "limited": nothing, "passed": nothing,
                      "collateral_permille": 1})


def id_of(answer):
    assert answer["ok"], answer
    return answer["detail"].split()[0]


def an_order_waits_for_its_quorum(world):
    effector = world.attach()
    order = id_of(world.propose(urgent=False, finding="a" * 32))
    assert world.states()[order] == "submitted"
    told = world.verb("approve", order[:8], "jiro")
    for words in ("asks edge-1 to act for port", "drop UDP that looks like ntp_private from port 123 to 192.0.2.10 of 468 bytes", "400 kpps", "section 4",
                  "only what is sent to 192.0.2.10", "protected space is spared", "stops 99.0 %", "0.1 % of legitimate traffic",
                  "above 0.5 % it ends by itself", "nothing is done", "(yours)", "jiro, as duty"):
        assert words in told, (words, told)
    assert world.states()[order] == "submitted"
    assert "signed that order already" in world.verb("approve", order, "jiro", expect=1)
    assert "three parties" not in world.verb("approve", order, "stranger", "--role", "duty", expect=1)
    assert "does not have the role" in world.verb("approve", order, "jiro", "--role", "commission", expect=1)
    world.verb("approve", order, "kyoko")
    bundle = effector.read()
    assert bundle["document"] == "bundle" and len(bundle["approvals"]) == 2 and "tlog-proof" in bundle["proof"]
    assert json.loads(bundle["order"].split("\n")[0])["id"] == order
    effector.send(receipt({"order": "{}\n"}, "applied"))  # of no order: passed over
    effector.send(receipt(bundle, "applied"))
    world.wait(order, "active")
    world.verb("withdraw", order, "kyoko", "--reason", "the attack is over")
    assert "the attack is over" in effector.read_end()
    assert world.states()[order] == "withdrawn"
    effector.send(receipt(bundle, "ended", "withdrawn"))
    effector.close()


def a_passkey_approves(world):
    effector = world.attach()
    order = id_of(world.propose(urgent=False, finding="9" * 32))
    world.verb("approve", order, "hana")
    assert not world.touch(order, user_flags=1)["ok"], "without PIN or finger"
    assert world.touch(order)["ok"]
    bundle = effector.read()
    effector.send(receipt(bundle, "applied"))
    world.wait(order, "active")
    effector.send(receipt(bundle, "ended", "the attack is over"))
    world.wait(order, "withdrawn")
    effector.close()


def a_refusal_ends_a_request(world):
    order = id_of(world.propose(urgent=False, finding="b" * 32))
    world.verb("approve", order, "hana")
    world.verb("refuse", order, "kyoko", "--reason", "too wide")
    assert world.states()[order] == "refused"
    assert "ended already" in world.verb("approve", order, "kyoko", expect=1)


def urgent_orders_are_ratified_or_undone(world):
    effector = world.attach()
    kept = id_of(world.propose(urgent=True, finding="c" * 32))
    assert world.states()[kept] == "submitted"
    assert "URGENT" in world.verb("approve", kept, "jiro")
    bundle = effector.read()
    assert bundle["approvals"] and not bundle["ratifications"]
    effector.send(receipt(bundle, "applied"))
    world.wait(kept, "active")
    world.verb("ratify", kept, "kyoko")
    bundle = effector.read()
    assert len(bundle["ratifications"]) == 1
    assert world.states()[kept] == "ratified"
    lost = id_of(world.propose(urgent=True, finding="d" * 32))
    world.verb("approve", lost, "hana")
    effector.send(receipt(effector.read(), "applied"))
    assert "not ratified in time" in effector.read_end()
    assert world.states()[lost] == "lapsed"
    effector.close()


def a_standing_order_acts_at_once(world):
    (world.folder / "draft").write_text(json.dumps(DRAFT, indent=4))
    told = run("propose", world.folder / "draft", "--key", world.folder / "hana.key", "--socket", world.socket, "--policy",
               world.folder / "policy", "--yes")
    assert "without asking anyone" in told and "ntp_reflection" in told
    standing = told.strip().splitlines()[-1].split()[0]
    assert "three parties" in world.verb("approve", standing, "hana", expect=1)
    world.verb("approve", standing, "jiro")
    world.verb("approve", standing, "kyoko")
    assert world.states()[standing] == "active"
    effector = world.attach()
    started = time.monotonic()
    sensor = world.line()
    sensor.send(canonical({**world.example, "finding": "e" * 32}))
    bundle = effector.read()
    took_ms = (time.monotonic() - started) * 1000
    order = id_of(sensor.read())
    assert bundle["standing"]["approvals"] and not bundle["approvals"]
    effector.send(receipt(bundle, "applied"))
    world.wait(order, "active")
    assert "already" in world.propose(finding="e" * 32)["detail"]
    id_of(world.propose(finding="7" * 32, duration_s=1))
    effector.send(receipt(effector.read(), "applied"))
    answers = []
    while not answers or not answers[-1]["ok"]:
        answers.append(world.propose(finding="7" * 32, duration_s=1))
    assert len(answers) > 1 and "already" in answers[0]["detail"], "it is renewed in its second half, and not before"
    while effector.read().get("document") != "bundle":
        pass
    other = id_of(world.propose(finding="e" * 32, urgent=False, vectors=["syn_flood"],
                                rules=[{**world.example["rules"][0], "length_bytes": [1, 600]}]))
    assert world.states()[other] == "submitted", "another vector must be asked for"
    newer = id_of(world.propose(finding="e" * 32, rules=[{**world.example["rules"][0], "length_bytes": [440, 500]}]))
    bundle = effector.read()
    effector.send(receipt(bundle, "applied"))
    said = effector.read()
    while said["document"] != "withdrawal":
        said = effector.read()
    assert "a later order" in said["statement"]
    assert [world.states()[name] for name in (order, newer, other)] == ["withdrawn", "active", "submitted"]
    world.verb("withdraw", standing, "kyoko")
    ends = effector.read_end() + effector.read_end()  # and of the short one beside it
    assert ends.count("its standing order was withdrawn") == 2
    world.wait(newer, "withdrawn")
    sensor.close()
    effector.close()
    print(f"from countermeasure to bundle: {took_ms:.1f} ms")


def what_is_not_allowed_is_refused(world):
    name_server = world.propose(target="192.0.2.53", rules=[{"action": "drop", "destination": "192.0.2.53"}])
    assert not name_server["ok"] and "protected" in name_server["detail"]
    assert "no effector" in world.propose(target="198.51.100.1", rules=[{"action": "drop", "destination": "198.51.100.1"}])["detail"]
    client = world.line()
    for request in ("", "{}", "null", "[1,2", '{"ask":"everything"}', '{"ask":"say"}', '{"ask":"order","id":"zz"}',
                    canonical({**world.example, "unheard_of": 1}), json.dumps({"ask": "say", "text": "hello\n"}),
                    json.dumps({"ask": "say", "text": '{"document":"order"}\n\n\u2014 authority AAAAAAAA\n'})):
        answer = client.ask(request)
        assert answer["ok"] is False and answer["detail"], (request, answer)
    client.send("x" * 300000)
    assert client.read() is None, "a line without an end is cut off"
    client.close()
    assert world.propose(finding="f" * 32, urgent=False)["ok"], "and the others are served"


def a_long_list_comes_in_parts(world):
    """Orders with all the sources they may name, together more than one answer holds."""
    rule = {**world.example["rules"][0], "sources": [f"2001:db8:{0xff00 + i:x}:1:1:1:1:1" for i in range(32)]}
    rule["destination"] = "2001:db8:1::10"
    asked = set()
    for i in range(90):
        rules = [{**rule, "length_bytes": [100 + j, 100 + j]} for j in range(16)]
        asked.add(id_of(world.propose(urgent=False, finding=f"{i + 1:032x}", rules=rules, target="2001:db8:1::10")))
    client = world.line()
    first = client.ask({"ask": "orders"})
    assert not client.ask({"ask": "orders", "from": -1})["ok"] and not client.ask({"ask": "orders", "from": "x"})["ok"]
    client.close()
    assert first["next"] is not None and len(json.dumps(first)) < 2 * 1048576
    assert asked <= set(world.states())
    told = run("orders", "--socket", world.socket)
    assert all(order[:8] in told for order in asked), told


def a_kill_loses_nothing(world):
    waiting = id_of(world.propose(finding="1" * 32, urgent=False))
    world.verb("approve", waiting, "jiro")
    before = world.states()
    for _ in range(3):
        world.stop(signal.SIGKILL)
        world.start()
        after = world.states()
        assert {key: state for key, state in after.items() if before[key] != state} == {}, (before, after)
    effector = world.attach()
    world.verb("approve", waiting, "kyoko")
    bundle = bundle_of(effector, waiting)
    world.stop(signal.SIGKILL)  # handed over, and no receipt yet
    effector.close()
    world.start()
    effector = world.attach()
    again = bundle_of(effector, waiting)
    assert again["order"] == bundle["order"], "what was not acknowledged is handed over again"
    effector.send(receipt(again, "applied"))
    world.wait(waiting, "active")
    effector.close()


def an_order_waits_for_its_witnesses(world):
    """The log's own word is not enough: an order acts once two witnesses have seen it in a log that only grew."""
    processes = []
    for name in world.witnesses:
        (world.folder / f"{name}.seen").mkdir()
        processes.append(subprocess.Popen([AUTHORITY, "ledger", "witness", "--key", world.folder / f"{name}.key", "--state",
                                           world.folder / f"{name}.seen", "--log", world.log_key, "--socket", world.folder / f"{name}.sock"]))

    def cosign(name):
        for _ in range(400):
            if (world.folder / f"{name}.sock").exists():
                break
            time.sleep(0.01)
        run("ledger", "cosign", "--authority", world.socket, "--witness", world.witnesses[name], "--socket", world.folder / f"{name}.sock")

    try:
        effector = world.attach()
        order = id_of(world.propose(urgent=False))
        world.verb("approve", order, "jiro")
        world.verb("approve", order, "kyoko")
        assert world.states()[order] == "approved", "and not active"
        cosign("inspector")
        assert world.states()[order] == "approved", "one of two is not enough"
        cosign("auditor")
        bundle = bundle_of(effector, order)
        assert "inspector" in bundle["proof"] and "auditor" in bundle["proof"]
        effector.send(receipt(bundle, "applied"))
        world.wait(order, "active")
        for _ in range(2):
            cosign("inspector")
            cosign("auditor")
        effector.close()
        world.stop()
        told = run("ledger", "verify", world.folder / "ledger", "--policy", world.folder / "policy")
        assert "2 of 2 witnesses" in told, told
    finally:
        for process in processes:
            process.kill()
            process.wait()


def what_is_missing_is_said_in_one_line(world):
    for change, words in ((("authority.key", 0o644), "authority.key"), (("policy", 0), "policy")):
        path = world.folder / change[0]
        mode, text = path.stat().st_mode, path.read_text()
        if change[1]:
            path.chmod(change[1])
        else:
            path.write_text(text + "nonsense = 1\n")
        told = run("--config", world.folder / "conf", expect=1)
        assert words in told and len(told.strip().splitlines()) == 1, told
        path.write_text(text)
        path.chmod(mode)
    assert "sound" in run("--check", world.folder / "conf")
    assert "already" in run("ledger", "create", world.folder / "ledger", "--key", world.folder / "log.key", expect=1)
    assert "already" in run("key", "new", world.folder / "hana.key", "--name", "hana", expect=1)
    assert run("key", "show", world.folder / "hana.key").startswith("hana+")


def whoever_is_not_listened_to_is_told(folder):
    """An account that may not speak: the authority closes at once."""
    path = folder / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        deaf = threading.Thread(target=lambda: listener.accept()[0].close())
        deaf.start()
        said = run("orders", "--socket", path, expect=1)
        deaf.join()
    assert said == f"hinomi-authority: {path}: closed without an answer: is this account one of `people` in authority.conf?\n", said
    said = run("ledger", "witness", "--key", folder / "inspector.key", "--state", folder / "nowhere", "--log", "x", expect=1)
    assert said.endswith("nowhere: No such file or directory\n"), said


def main():
    with tempfile.TemporaryDirectory(prefix="hinomi-authority-") as name:
        world = World(pathlib.Path(name))
        world.start()
        try:
            for step in (an_order_waits_for_its_quorum, a_passkey_approves, a_refusal_ends_a_request, urgent_orders_are_ratified_or_undone,
                         a_standing_order_acts_at_once, what_is_not_allowed_is_refused, a_long_list_comes_in_parts,
                         a_kill_loses_nothing):
                step(world)
                print(f"ok {step.__name__}")
            assert "waits for" in run("orders", "--socket", world.socket)
            world.stop()
            print(run("ledger", "verify", world.folder / "ledger", "--policy", world.folder / "policy").strip())
            what_is_missing_is_said_in_one_line(world)
            whoever_is_not_listened_to_is_told(world.folder)
            (world.folder / "witnessed").mkdir()
            world = World(world.folder / "witnessed", quorum=2)
            world.start()
            an_order_waits_for_its_witnesses(world)
            print("ok an_order_waits_for_its_witnesses")
        except BaseException:
            print((world.folder / "log.txt").read_text(), file=sys.stderr)
            raise
        finally:
            if world.process.poll() is None:
                world.process.kill()
                world.process.wait()


if __name__ == "__main__":
    main()
