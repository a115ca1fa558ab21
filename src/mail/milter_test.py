#!/usr/bin/env -S python3 -B
"""milter_test.py HINOMI_MAIL: the milter before a real Postfix. What comes in is what is delivered, marked as it should be, whatever
happens to workers; what was forged goes. Needs root for namespaces of its own; skips without, or without postfix and swaks.
"""
import base64
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import unittest
import zipfile

from postfix_world import MILTER_PORT, Milter, Postfix, is_here, swaks, until

PROGRAM = sys.argv[1]
SKIPPED = 77

HEAD = b"From: Someone <someone@example.net>\r\nTo: a@example.jp\r\nSubject: %s\r\nMessage-ID: <%s@example.net>\r\n"


def mail(name, fields=b"", body=b"text\r\n"):
    return HEAD % (name, name) + fields + b"\r\n" + body


def lure(name):
    """A mail with a shortcut that hides in an archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("members.docx.lnk", bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(100))
    return mail(name, b"MIME-Version: 1.0\r\nContent-Type: application/zip; name=members.zip\r\nContent-Transfer-Encoding: base64\r\n",
                base64.encodebytes(memory.getvalue()).replace(b"\n", b"\r\n"))


def is_running(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


class World(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postfix = Postfix("/mnt/postfix")
        cls.milter = Milter("/mnt/milter", PROGRAM, cls.postfix, authserv_id='"mx.example.jp"', deadline="2s", action="tag",
                            history='"/mnt/milter/history"', key='"/mnt/milter/key"', learn_after="0s", findings_file='"/mnt/milter/findings"',
                            report_file='"/mnt/milter/days"')

    @classmethod
    def tearDownClass(cls):
        cls.milter.stop()
        cls.postfix.stop()

    def deliver(self, name, *arguments, whole=None):
        """Sends a mail and returns it as it was delivered: header fields as a list, whole."""
        code, said = swaks(MILTER_PORT, whole or mail(name, *arguments))
        self.assertEqual(code, 0, said)
        found = until(lambda: [data for data in self.postfix.delivered() if b"<" + name + b"@example.net>" in data])
        self.assertTrue(found, self.postfix.log()[-1500:])
        head = found[0].replace(b"\r\n", b"\n").split(b"\n\n")[0]
        return head.replace(b"\n\t", b" ").replace(b"\n ", b" ").split(b"\n"), found[0]

    def marks(self, head):
        return [line for line in head if line.lower().startswith(b"x-hinomi")]

    def test_an_ordinary_mail_arrives_as_it_was_with_one_mark(self):
        head, whole = self.deliver(b"ordinary", b"", b"first line\r\n.\r\nlast line\r\n")
        self.assertEqual(self.marks(head), [b"X-Hinomi: pass; level=html"])
        self.assertIn(b"first line\n.\nlast line\n", whole.replace(b"\r\n", b"\n"))

    def test_marks_that_came_with_the_mail_go(self):
        head, _ = self.deliver(b"forged-mark", b"X-Hinomi: pass; level=html\r\nx-hinomi: pass\r\nX-Hinomi-Reason: none\r\n" * 40)
        self.assertEqual(len(self.marks(head)), 1)

    def test_results_in_our_name_go_and_others_stay(self):
        """RFC 8601 section 5. The first one is that which our own server is configured to write."""
        own, forged = b"Authentication-Results: mx.example.jp; spf=fail\r\n", b"Authentication-Results: MX.example.jp (x); dkim=pass\r\n"
        foreign = b"Authentication-Results: mx.example.org; dkim=pass\r\n"
        head, _ = self.deliver(b"results", own + foreign + forged + forged)
        results = [line for line in head if line.lower().startswith(b"authentication-results")]
        self.assertEqual(results, [own.strip(), foreign.strip()])

    def test_a_mail_that_kills_its_worker_arrives_with_a_mark(self):
        """MIME nested so deep that a parser's stack ends, or that its limit is met: either is told."""
        deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(1000))
        head, _ = self.deliver(b"deep", b"MIME-Version: 1.0\r\n" + deep)
        marks = self.marks(head)
        self.assertEqual(len(marks), 1)
        self.assertTrue(b"unread" in marks[0], marks)

    def test_a_header_bomb_arrives_with_a_mark(self):
        head, _ = self.deliver(b"header-bomb", b"".join(b"X-Field-%d: %s\r\n" % (i, b"a" * 60) for i in range(1500)))
        self.assertIn(b"unread", self.marks(head)[0])

    def test_a_bomb_is_read_to_the_limit_and_the_mark_says_so(self):
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w:gz") as archive:
            for name in "ab":
                info = tarfile.TarInfo(name)
                info.size = 100 << 20
                archive.addfile(info, io.BytesIO(bytes(info.size)))
        attached = base64.encodebytes(memory.getvalue()).replace(b"\n", b"\r\n")
        fields = b"MIME-Version: 1.0\r\nContent-Type: application/gzip; name=a.tgz\r\nContent-Transfer-Encoding: base64\r\n"
        head, _ = self.deliver(b"bomb", fields, attached)
        self.assertEqual(self.marks(head), [b"X-Hinomi: pass; level=html; partly_unread=payload"])

    def test_a_killed_worker_is_replaced_and_no_mail_is_lost(self):
        for n in range(4):
            before = self.milter.workers()
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            head, _ = self.deliver(b"killed-%d" % n)
            self.assertEqual(len(self.marks(head)), 1)
            self.assertTrue(until(lambda: len(self.milter.workers()) == 2 and not set(before) & set(self.milter.workers())))

    def test_a_stopped_worker_makes_no_mail_later_than_the_deadline(self):
        for pid in self.milter.workers():
            os.kill(pid, signal.SIGSTOP)
        head, _ = self.deliver(b"stopped")
        self.assertIn(b"unread; because=it was not read in time", self.marks(head)[0])
        head, _ = self.deliver(b"after-stopped")  # one stopped worker is left, or none: the late one was replaced
        self.assertEqual(len(self.marks(head)), 1)
        for pid in self.milter.workers():
            os.kill(pid, signal.SIGCONT)

    def test_a_targeted_mail_is_tagged_with_its_reasons_and_told(self):
        head, _ = self.deliver(b"lure", whole=lure(b"lure"))
        marks = self.marks(head)
        self.assertTrue(marks[0].startswith(b"X-Hinomi: tag; level=html; confidence="), marks)
        self.assertTrue(any(mark.startswith(b"X-Hinomi-Reason: ") for mark in marks), marks)
        line = pathlib.Path("/mnt/milter/findings").read_text().splitlines()[-1]
        finding = json.loads(line)
        self.assertEqual((finding["action"], finding["document"], finding["sensor"]), ("tag", "mail_finding", "mail"))
        self.assertNotIn("members", line)
        self.assertNotIn("someone", line)

    def test_the_day_is_counted_and_reported(self):
        """What the milter did is in its report within seconds, and the counts of the day go on after it was ended and started again."""
        def told():
            done = subprocess.run([PROGRAM, "report", "--config", self.milter.config, "--json"], capture_output=True, text=True, check=False)
            return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None

        self.deliver(b"of-the-day")
        self.deliver(b"lure-of-the-day", whole=lure(b"lure-of-the-day"))
        self.milter.stop()
        first = told()
        self.assertGreaterEqual(first["actions"]["pass"], 1)
        self.assertGreaterEqual(first["actions"]["tag"], 1)
        self.assertGreaterEqual(first["workers_started"], 2)
        self.assertIn("hidden_program", [rule["rule"] for rule in first["rules"]])
        self.milter.start()
        self.deliver(b"of-the-same-day")
        self.assertTrue(until(lambda: told()["actions"]["pass"] > first["actions"]["pass"] or told()["day_ms"] > first["day_ms"]))
        self.assertNotIn("counts_not_written", self.milter.errors())

    def test_the_history_learns_within_the_sandbox(self):
        """A mail that passes is learned: the milter says so if it could not, and its history has grown on the disk."""
        for n in range(3):
            self.deliver(b"learned-%d" % n)
        self.assertNotIn("mail_not_learned", self.milter.errors())
        sizes = [path.stat().st_size for path in pathlib.Path("/mnt/milter").glob("history*")]
        self.assertGreater(sum(sizes), 0)
        self.assertTrue(until(lambda: self.milter.counted("hinomi_mail_judged_total", action="pass") >= 3))

    def test_workers_have_no_rights(self):
        for pid in self.milter.workers():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            self.assertEqual(fields["CapEff"].strip("0"), "")
            self.assertEqual(fields["CapPrm"].strip("0"), "")
            self.assertEqual(fields["NoNewPrivs"], "1")
            if "ASAN_OPTIONS" not in os.environ:  # a sanitizer makes calls of its own, so there is no filter
                self.assertEqual(fields["Seccomp"], "2")
            self.assertNotEqual(fields["Uid"].split()[0], "0")
            targets = [os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            self.assertEqual(sum(target.startswith("socket:") for target in targets), 1, targets)
            self.assertTrue(all(target.startswith("socket:") or target == "/dev/null" for target in targets), targets)


class Held(unittest.TestCase):
    def test_a_targeted_mail_is_held_and_another_is_not(self):
        postfix = Postfix("/mnt/held-postfix", 100)
        milter = Milter("/mnt/held", PROGRAM, postfix, action="quarantine", quarantine_percent=90)
        try:
            self.assertEqual(swaks(MILTER_PORT + 100, lure(b"held"))[0], 0)
            self.assertEqual(swaks(MILTER_PORT + 100, mail(b"not-held"))[0], 0)
            self.assertTrue(until(lambda: len(postfix.held()) == 1 and len(postfix.delivered()) == 1))
            self.assertIn(b"not-held", postfix.delivered()[0])
        finally:
            milter.stop()
            postfix.stop()

    def test_what_is_only_reported_is_told_and_not_touched(self):
        postfix = Postfix("/mnt/reported-postfix", 200)
        milter = Milter("/mnt/reported", PROGRAM, postfix, action="report", authserv_id='"mx.example.jp"',
                        findings_file='"/mnt/reported/findings"')
        try:
            fields = b"X-Hinomi: pass\r\nAuthentication-Results: mx.example.jp; spf=pass\r\nAuthentication-Results: mx.example.jp; dkim=pass\r\n"
            self.assertEqual(swaks(MILTER_PORT + 200, mail(b"reported", fields))[0], 0)
            self.assertTrue(until(postfix.delivered))
            self.assertIn(fields.replace(b"\r\n", b"\n"), postfix.delivered()[0])
            self.assertFalse(pathlib.Path("/mnt/reported/findings").exists())
            self.assertEqual(swaks(MILTER_PORT + 200, lure(b"would-be-tagged"))[0], 0)
            self.assertTrue(until(lambda: len(postfix.delivered()) == 2))
            self.assertFalse(any(b"X-Hinomi: tag" in data or b"X-Hinomi: report" in data for data in postfix.delivered()))
            findings = [json.loads(line) for line in pathlib.Path("/mnt/reported/findings").read_text().splitlines()]
            self.assertEqual([finding["action"] for finding in findings], ["tag"])
        finally:
            milter.stop()
            postfix.stop()


class Keeper(unittest.TestCase):
    def test_without_its_keeper_the_milter_ends_to_be_started_anew(self):
        milter = Milter("/mnt/keeper", PROGRAM)
        os.kill(milter.keeper(), signal.SIGKILL)
        self.assertEqual(until(lambda: milter.process.poll()), 1)
        self.assertIn("mail_keeper_died", milter.errors())
        milter.stop()

    def test_a_signal_ends_it_in_good_order(self):
        milter = Milter("/mnt/ended", PROGRAM)
        keeper, workers = milter.keeper(), milter.workers()
        self.assertEqual(milter.stop(), 0)
        self.assertTrue(until(lambda: not any(is_running(pid) for pid in [keeper, *workers])))


def main():
    if not is_here():
        print("skipped: needs root, postfix and swaks")
        return SKIPPED
    if os.environ.get("HINOMI_WORLD") != "inside":
        os.environ["HINOMI_WORLD"] = "inside"
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    result = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False).result
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
