#!/usr/bin/env -S python3 -B
"""Proves that no verdict rests on what tells years and collections apart: era_test.py HINOMI_MAIL TESTS_MAIL.

Each mail is judged as it is and without Date, Received, DKIM-Signature, ARC-*, Authentication-Results, List-*, X-* (so X-MS-Exchange-*
too), Return-Path and its like, and without style sheets and style attributes: action and reasons must be the same. The pairs of tests/mail,
and, where it is, the corpus. A control with links taken out must differ, or the comparison would see nothing.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MAIL, TESTS = sys.argv[1], pathlib.Path(sys.argv[2])
CORPUS = pathlib.Path(os.environ.get("HINOMI_CORPUS", TESTS.parent.parent.parent / "shared" / "corpus")) / "mail"
STRIPPED = re.compile(rb"^(?:date|received|dkim-signature|domainkey-signature|arc-[\w-]+|authentication-results|received-spf|list-[\w-]+"
                      rb"|x-[\w-]+|return-path|delivered-to|precedence|user-agent)[ \t]*:.*\n(?:[ \t].*\n)*", re.I | re.M)
STYLE = re.compile(rb"""\bstyle=(?:3D)?"[^"<>]*"|<style\b[^>]*>.*?</style>""", re.I | re.S)


def parts(mail):
    end = re.search(rb"\r?\n\r?\n", mail)
    cut = end.end() if end else len(mail)
    return mail[:cut], mail[cut:]


def stripped(mail):
    header, body = parts(mail)
    return STRIPPED.sub(b"", header) + STYLE.sub(b"", body)


def without_links(mail):
    header, body = parts(mail)
    return header + re.sub(rb"https?:", b"none:", body)


def verdicts(folder):
    options = ["--people", str(TESTS / "mirrorface" / "people.csv"), "--protect", "example.jp"]
    done = subprocess.run([MAIL, "explain", "--json", *options, str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    told = {}
    for line in done.stdout.splitlines():
        document = json.loads(line)
        verdict = document["verdict"]
        told[os.path.basename(document["file"])] = verdict["action"], [reason["rule"] for reason in verdict["reasons"]]
    return told


def main():
    mails = sorted((TESTS / "mirrorface").glob("*.eml"))
    if CORPUS.is_dir():
        mails += [path for path in sorted((CORPUS / "phish").glob("pp_*"))] + sorted((CORPUS / "ham").glob("*.eml"))
    assert len(mails) >= 120, len(mails)
    with tempfile.TemporaryDirectory() as work:
        told = []
        for name, change in (("as-is", bytes), ("stripped", stripped), ("control", without_links)):
            folder = pathlib.Path(work) / name
            folder.mkdir()
            for path in mails:
                (folder / path.name).write_bytes(change(path.read_bytes()))
            told.append(verdicts(folder))
    plain, bare, control = told
    assert len(plain) == len(bare) == len(mails)
    changed = [name for name in plain if plain[name] != bare[name]]
    for name in changed[:10]:
        print(f"{name}: {plain[name]} became {bare[name]}")
    assert not changed, f"{len(changed)} of {len(mails)} verdicts changed"
    assert sum(action in ("tag", "quarantine") for action, _ in plain.values()) >= 40
    assert sum(plain[name] != control[name] for name in plain) >= 10, "the comparison sees nothing"
    print(f"{len(mails)} verdicts are the same")


main()
