#!/usr/bin/env -S python3 -B
"""Proves that hinomi scan knows mails by looking and hands them to hinomi-mail: mail_test.py HINOMI."""
import json
import pathlib
import subprocess
import sys
import tempfile

HINOMI = sys.argv[1]
MAIL = b"From: PayPal Support <info@evil.net>\nTo: a@kikan.jp\nSubject: x\n\nhttps://evil.net/ https://other.net/\n"


def run(*argv):
    return subprocess.run([HINOMI, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "a.eml").write_bytes(MAIL)
        (work / "box").mkdir()
        (work / "box" / "a").write_bytes(MAIL)
        (work / "empty.pcap").write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
        for arguments in (["--json", work / "a.eml"], ["--no-progress", "--json", "--protect", "kikan.jp", work / "box"]):
            done = run("scan", *arguments)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["document"] == "mail_finding", done.stdout
        assert run("scan", "--json", work / "empty.pcap").stdout == ""
        assert "packets" in run("scan", work / "empty.pcap").stdout
        # A directory of all kinds: each is read by who can read it, and what is neither is left.
        (work / "all" / "deep").mkdir(parents=True)
        (work / "all" / "a.mail").write_bytes(MAIL)
        (work / "all" / "deep" / "copyright").write_text("Format: https://evil.net/\nSource: https://other.net/\n\nFiles: *\n")
        (work / "all" / "deep" / "empty.pcap").write_bytes((work / "empty.pcap").read_bytes())
        done = run("scan", work / "all")
        assert done.returncode == 0, done.stderr
        assert "Read 1 file, 0 packets" in done.stdout and "Read 1 mails in 1 files" in done.stdout, done.stdout
        assert "2 are no mails" in done.stdout, done.stdout
        findings = run("scan", "--json", work / "all", work / "a.eml").stdout.splitlines()
        assert [json.loads(line)["document"] for line in findings] == ["mail_finding"] * 2, findings
        assert run("scan", "--host-pps", "5", work / "all" / "deep").stdout.startswith("Read 1 file, 0 packets")
        assert run("scan", "--level", "2", work / "all").returncode == 2  # an option of mails alone, among captures
        (work / "none").mkdir()
        assert "Read 0 mails" in run("scan", work / "none").stdout
        assert "brand_name" in run("mail", "explain", work / "a.eml").stdout
        assert run("mail", "nothing").returncode == 2
    print("ok")


main()
