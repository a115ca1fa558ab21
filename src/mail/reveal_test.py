#!/usr/bin/env -S python3 -B
"""Re-identification from a mail to the ledger, by all that take part: the milter and its table, a real authority, two people,
the mail host's verb, and the ledger's own verification.

usage: reveal_test.py HINOMI_AUTHORITY DOCUMENT_TEST HINOMI_MAIL
Proves that two people are needed and suffice, that each order shows its addresses once and leaves a receipt without them,
and that what is forged, changed, short of something, too late, used, or somebody else's is refused in one line.
"""
import base64
import io
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "authority"))
from postfix_world import Milter, until  # noqa: E402 (the path before it is of the other)
from whole_test import World, canonical, id_of, run  # noqa: E402

MAIL = sys.argv[3]
SENDER, RECIPIENT = "someone@example.net", "hana.sato@example.jp"


def lure():
    """Header fields and body of a mail with a shortcut that hides in an archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("members.docx.lnk", bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(100))
    fields = [("From", f"Someone <{SENDER}>"), ("To", RECIPIENT), ("Subject", "lure"), ("Message-ID", "<lure@example.net>"),
              ("MIME-Version", "1.0"), ("Content-Type", "application/zip; name=members.zip"), ("Content-Transfer-Encoding", "base64")]
    return fields, base64.encodebytes(memory.getvalue()).replace(b"\n", b"\r\n")


class Server:
    """A mail server, as far as a milter sees one: version 6 of the protocol, and an answer to each step."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))

    def send(self, command, payload=b""):
        self.socket.sendall(struct.pack(">I", len(payload) + 1) + command + payload)

    def read(self):
        head = self.take(4)
        return self.take(struct.unpack(">I", head)[0])

    def take(self, count):
        taken = b""
        while len(taken) < count:
            more = self.socket.recv(count - len(taken))
            assert more, "the milter hung up"
            taken += more
        return taken

    def step(self, command, payload=b""):
        self.send(command, payload)
        answer = self.read()
        assert answer[:1] == b"c", (command, answer)

    def deliver(self, fields, body):
        """Hands a mail over; returns the header fields that were put on it."""
        self.send(b"O", struct.pack(">III", 6, 0x31, 0))
        assert self.read()[:1] == b"O"
        self.step(b"C", b"client.example.net\x004" + struct.pack(">H", 25) + b"192.0.2.1\x00")
        self.step(b"H", b"client.example.net\x00")
        self.step(b"M", f"<{SENDER}>".encode() + b"\x00")
        self.step(b"R", f"<{RECIPIENT}>".encode() + b"\x00")
        for name, value in fields:
            self.step(b"L", name.encode() + b"\x00" + value.encode() + b"\x00")
        self.step(b"N")
        self.step(b"B", body)
        self.send(b"E")
        added = []
        while (answer := self.read())[:1] != b"c":
            added.append(answer)
        self.send(b"Q")
        self.socket.close()
        return added


def reveal(world, *files, expect=0, secret="desk.secret", key="mail-1.key", **changes):
    """The verb on the mail host. Returns what it shows, or the one line that it refuses with."""
    options = {"config": world.milter.config, "policy": world.folder / "policy", "receipts": world.folder, **changes}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    done = subprocess.run([MAIL, "reveal", *map(str, files), "--key", world.folder / key, "--secret", world.folder / secret, *words],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, done
    if expect:
        assert done.stdout == "" and len(done.stderr.splitlines()) == 1, done
    return done.stderr if expect else done.stdout


def ask(world, expect=0, who="hana", **changes):
    """Hana proposes an order. Returns its id, or why not."""
    draft = {"class": "reidentify", "member": "port", "effector": "mail-1", "finding": world.finding["id"],
             "reveal": {"pseudonyms": [world.finding["sender"]["pseudonym"], world.finding["recipient"]]},
             "why": "who is written to must be warned", "basis": "agreement, section 7", **changes}
    (world.folder / "draft").write_text(json.dumps(draft))
    told = run("propose", world.folder / "draft", "--key", world.folder / f"{who}.key", "--socket", world.socket, "--policy",
               world.folder / "policy", "--yes", expect=expect)
    if expect:
        return told
    assert "say WHOSE ADDRESSES stand behind pseudonyms of a mail at port" in told, told
    return told.splitlines()[-1].split()[0]


def bundle_of(world, order, name="bundle"):
    path = world.folder / name
    path.write_text(run("bundle", order, "--socket", world.socket))
    return path


def approved(world, **changes):
    """The bundle of an order that Jiro and Kyoko have approved."""
    order = ask(world, **changes)
    world.verb("approve", order, "jiro")
    world.verb("approve", order, "kyoko")
    return order, bundle_of(world, order, f"bundle-{order}")


def the_milter_keeps_what_it_tells(world):
    milter = world.milter
    added = Server(milter.place / "mail.sock").deliver(*lure())
    assert any(b"X-Hinomi\x00tag" in field for field in added), added
    world.finding = json.loads((milter.place / "findings").read_text())
    assert len(world.finding["recipient"]) == 16 and len(world.finding["sender"]["pseudonym"]) == 16, world.finding
    assert until(lambda: milter.counted("hinomi_mail_sealed_total", outcome="kept") == 2, 90), (milter.errors(), (milter.place / "mail.prom").read_text())
    assert milter.counted("hinomi_mail_sealed_total", outcome="unknown") == 0
    for path in milter.place.glob("sealed*"):
        assert b"example" not in path.read_bytes()
    said = subprocess.run([MAIL, "milter", "--check", milter.config], capture_output=True, text=True, check=True).stdout
    assert "addresses behind findings: kept for 30d, sealed for desk" in said, said


def two_people_are_needed(world):
    assert "names no pseudonym" in ask(world, expect=1, reveal={"pseudonyms": []})
    assert "is there twice" in ask(world, expect=1, reveal={"pseudonyms": ["a" * 16, "a" * 16]})
    assert "may not ask" in ask(world, expect=1, who="jiro")
    order = ask(world)
    assert "addresses of 2" in run("orders", "--socket", world.socket)
    assert "is submitted, and not approved" in run("bundle", order, "--socket", world.socket, expect=1)
    assert "three parties" in world.verb("approve", order, "hana", "--role", "duty", expect=1)
    told = world.verb("approve", order, "jiro")
    for words in ("hana asks mail-1", world.finding["recipient"], world.finding["sender"]["pseudonym"], world.finding["id"],
                  "who is written to must be warned", "agreement, section 7", "no address", "1 duty, 1 commission: different people, and not hana",
                  "nothing is done", "(yours)", "jiro, as duty"):
        assert words in told, (words, told)
    assert "signed that order already" in world.verb("approve", order, "jiro", expect=1)
    assert "not approved" in run("bundle", order, "--socket", world.socket, expect=1)
    assert world.touch(order)["ok"], "a passkey approves it as any other"
    assert world.states()[order] == "approved"
    return order


def what_is_not_right_is_refused(world, order):
    path = bundle_of(world, order)
    whole = json.loads(path.read_text())
    bad = world.folder / "bad"

    def changed(**changes):
        bad.write_text(canonical({**whole, **changes}) + "\n")
        return reveal(world, bad, expect=1)

    recipient = world.finding["recipient"]
    other = ("0" if recipient[0] != "0" else "1") + recipient[1:]
    one, two = whole["approvals"]
    assert "not signed by who" in changed(order=whole["order"].replace(recipient, other))
    assert "approvals that the policy asks for are not there" in changed(approvals=[one])
    assert "approvals that the policy asks for are not there" in changed(approvals=[one, one])
    assert "approval cannot be verified" in changed(approvals=[one, two.replace('"by":"taro"', '"by":"kyoko"')])
    assert "not proven to be in the ledger" in changed(proof="")
    assert "not proven to be in the ledger" in changed(proof=whole["proof"].replace("index 0", "index 1"))
    bad.write_text("{}\n")
    assert "it is no bundle" in reveal(world, bad, expect=1)
    assert "No such file" in reveal(world, world.folder / "nowhere", expect=1)
    run("key", "new", world.folder / "other.secret", "--name", "desk", "--seal")
    assert "other.secret does not open" in reveal(world, path, expect=1, secret="other.secret")
    assert "is not the secret half" in reveal(world, path, expect=1, secret="hana.key")
    assert "no effector of class reidentify" in reveal(world, path, expect=1, key="hana.key")
    assert "no effector of class reidentify" in reveal(world, path, expect=1, key="edge-1.key")
    (world.folder / "desk.secret").chmod(0o640)
    assert "0600" in reveal(world, path, expect=1)
    (world.folder / "desk.secret").chmod(0o600)
    assert "No such file" in reveal(world, path, expect=1, receipts=world.folder / "nowhere")
    assert not list(world.folder.glob("*.receipt"))


def of_another_class_or_person_is_refused(world):
    effector = world.attach()
    traffic = id_of(world.propose(urgent=False, finding="a" * 32))
    assert "to its effector alone" in run("bundle", traffic, "--socket", world.socket, expect=1)
    world.verb("approve", traffic, "hana")
    world.verb("approve", traffic, "kyoko")
    (world.folder / "traffic").write_text(canonical(effector.read()) + "\n")
    effector.close()
    assert "for another effector, member or class" in reveal(world, world.folder / "traffic", expect=1)
    _, path = approved(world, reveal={"pseudonyms": [world.finding["recipient"], "0123456789abcdef"]})
    assert "0123456789abcdef: nothing is kept of it for that finding" in reveal(world, path, expect=1)
    _, path = approved(world, finding="b" * 32)
    assert "nothing is kept of it for that finding" in reveal(world, path, expect=1)


def too_late_is_refused(world):
    """An order that ends after its approvals, however slow the machine is."""
    for wait_ms in (2000, 8000, 30000):
        expires_ms = int(time.time() * 1000) + wait_ms
        order = ask(world, expires_ms=expires_ms)
        try:
            world.verb("approve", order, "jiro")
            world.verb("approve", order, "kyoko")
            path = bundle_of(world, order, "late")
        except AssertionError:
            assert time.time() * 1000 >= expires_ms, "refused in time"
            continue
        while time.time() * 1000 < expires_ms:
            time.sleep(0.02)
        assert "its time is over" in reveal(world, path, expect=1)
        return
    raise AssertionError("nothing is approved within half a minute")


def addresses_are_shown_once_and_the_ledger_knows(world, order):
    path = bundle_of(world, order)
    shown = reveal(world, path)
    assert shown == f"{world.finding['sender']['pseudonym']} {SENDER}\n{world.finding['recipient']} {RECIPIENT}\n", shown
    assert "it is a replay" in reveal(world, path, expect=1)
    receipt = world.folder / f"{order}.receipt"
    text = receipt.read_text()
    assert "example" not in text and '"why":"2 addresses shown"' in text and "— mail-1 " in text, text
    forged = world.folder / "forged"
    forged.write_text(text.replace("2 addresses", "1 addresses"))
    assert "not signed by its mail host" in run("receipt", forged, "--socket", world.socket, expect=1)
    assert f"{order} is active" in run("receipt", receipt, "--socket", world.socket)
    assert "is there already" in run("receipt", receipt, "--socket", world.socket, expect=1)
    assert "not approved" in run("bundle", order, "--socket", world.socket, expect=1)
    world.stop()
    world.start()
    assert world.states()[order] == "active", "read back from the ledger"
    world.stop()
    policy = ("--policy", world.folder / "policy")
    run("ledger", "verify", world.folder / "ledger", *policy)
    listed = run("ledger", "show", world.folder / "ledger", *policy)
    assert any("order" in line and "reidentify" in line and "hana" in line for line in listed.splitlines()), listed
    assert sum("receipt" in line and "mail-1" in line for line in listed.splitlines()) == 1, listed
    whole = run("ledger", "show", world.folder / "ledger", "--json", *policy)
    assert SENDER not in whole and RECIPIENT not in whole
    counted = run("ledger", "report", world.folder / "ledger", time.strftime("%Y", time.gmtime()), *policy)
    assert sum("reidentify" in line for line in counted.splitlines()) >= 3, counted


def without_a_key_nothing_is_kept(world):
    text = world.milter.config.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("reveal_")]
    other = world.folder / "other.conf"
    other.write_text("\n".join(lines) + "\n")
    said = subprocess.run([MAIL, "milter", "--check", other], capture_output=True, text=True, check=True).stdout
    assert "not kept, so nobody can be re-identified" in said, said
    assert "reveal_key is not set" in reveal(world, world.folder / "bundle", expect=2, config=other)
    for name, words in (("reveal_key", "each needs the other"), ("key", "no pseudonym is told"), ("findings_file", "no pseudonym is told")):
        other.write_text("\n".join(line for line in text.splitlines() if not line.startswith(f"{name} =")) + "\n")
        done = subprocess.run([MAIL, "milter", "--check", other], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and words in done.stderr, (name, done)


def main():
    with tempfile.TemporaryDirectory(prefix="hinomi-reveal-") as name:
        os.chmod(name, 0o755)
        world = World(pathlib.Path(name))
        public = run("key", "new", world.folder / "desk.secret", "--name", "desk", "--seal").strip()
        assert run("key", "show", world.folder / "desk.secret").strip() == public and public.startswith("SEAL+desk+"), public
        place = world.folder / "mail"
        world.milter = Milter(place, MAIL, action="tag", key=f'"{place}/key"', findings_file=f'"{place}/findings"',
                              reveal_key=f'"{public}"', reveal_table=f'"{place}/sealed"')
        world.start()
        try:
            the_milter_keeps_what_it_tells(world)
            order = two_people_are_needed(world)
            what_is_not_right_is_refused(world, order)
            of_another_class_or_person_is_refused(world)
            too_late_is_refused(world)
            addresses_are_shown_once_and_the_ledger_knows(world, order)
            without_a_key_nothing_is_kept(world)
        except BaseException:
            print((world.folder / "log.txt").read_text()[-3000:], world.milter.errors()[-3000:], file=sys.stderr)
            raise
        finally:
            world.milter.stop()
            if world.process.poll() is None:
                world.process.kill()
                world.process.wait()


if __name__ == "__main__":
    main()
