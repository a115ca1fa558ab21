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
        assert "brand_name" in run("mail", "explain", work / "a.eml").stdout
        assert run("mail", "nothing").returncode == 2
    print("ok")


main()
