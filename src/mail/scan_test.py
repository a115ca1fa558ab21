#!/usr/bin/env -S python3 -B
"""Proves the verbs that read files on mails made here: scan_test.py HINOMI_MAIL SCHEMA."""
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

MAIL, SCHEMA = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
PEOPLE = "name,kana,romaji,mail,organisation\n渡辺 太郎,わたなべ たろう,Taro Watanabe,watanabe@daigaku.ac.jp,海洋大学\n"


def mail(sender="Taro Watanabe <taro.watanabe@gmail.com>", to="ishii@kikan.jp", body="https://1drv.ms/u/s!x\n", more="", subject="x"):
    return (f"From: {sender}\nTo: {to}\nSubject: {subject}\nDate: Mon, 2 Mar 2026 09:00:00 +0900\nMessage-ID: <1@x>\n{more}\n{body}").encode()


def run(*argv, code=0):
    done = subprocess.run([MAIL, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == code, (argv, done.returncode, done.stderr.decode(), done.stdout.decode()[:500])
    return done.stdout.decode()


def lines(*argv, code=0):
    return [json.loads(line) for line in run(*argv, code=code).splitlines()]


def formats(work, options):
    """Single mail, mbox, Maildir and directory: the same finding, one document a line, of the schema."""
    attack, plain = mail(), mail(sender="Hanako Sato <h.sato@kaisha.co.jp>", body="See you.\n")
    (work / "one.eml").write_bytes(attack)
    (work / "two.mbox").write_bytes(b"From x Mon Mar  2 09:00:00 2026\n" + plain + b"\nFrom x Mon Mar  2 09:00:00 2026\n" + attack + b"\n>From the text\n")
    for folder in ("cur", "new", "tmp"):
        (work / "dir" / folder).mkdir(parents=True)
    (work / "dir" / "cur" / "1:2,S").write_bytes(attack)
    (work / "dir" / "new" / "2").write_bytes(plain)
    (work / "dir" / "tmp" / "3").write_bytes(attack)
    for path, sensor in ((work / "one.eml", "one.eml"), (work / "two.mbox", "two.mbox#2"), (work / "dir", "1:2,S")):
        found = lines("scan", "--json", *options, path)
        assert len(found) == 1, (path, found)
        jsonschema.validate(found[0], SCHEMA)
        assert found[0]["sensor"] == sensor and found[0]["kind"] == "impersonation" and found[0]["target"] == "kikan.jp"
        assert found[0]["window"]["start_ms"] == 1772409600000 and found[0]["sender"]["pseudonym"] == ""
        assert list(found[0]) == sorted(found[0])
        assert not any(word in json.dumps(found, ensure_ascii=False) for word in ("watanabe", "Watanabe", "ishii", "渡辺"))
    text = run("scan", *options, work / "two.mbox")
    assert "L4" in text and "known person" in text and "Read 2 mails" in text
    assert run("scan", "--json", *options, work / "dir" / "new") == ""


def levels(work, options):
    """Each level sees what lies below it, and no more."""
    (work / "level.eml").write_bytes(mail(sender="渡辺太郎 <x@gmail.com>"))
    for level, rule in ((0, None), (1, "known_name_freemail"), (2, "known_name_freemail"), (3, "known_name_freemail_carrier")):
        document = lines("explain", "--json", "--level", level, *options, work / "level.eml")[0]
        assert document["verdict"]["level"] == level
        rules = [reason["rule"] for reason in document["verdict"]["reasons"]]
        assert (rules[:1] or [None])[0] == rule, (level, rules)
        assert bool(document["facts"]["hosts"]) == (level >= 3)


def words(work, options):
    """The lexicon is asked where it is switched on, and only there."""
    lure = "Urgent: verify your account, it is suspended. https://evil.net/\n"
    (work / "lure.eml").write_bytes(mail(sender="Hanako Sato <h.sato@kaisha.co.jp>", body=lure))
    for level, count in ((4, 0), (5, 3)):
        document = lines("explain", "--json", "--level", level, *options, work / "lure.eml")[0]
        assert document["facts"]["lures"] == count, document
        assert ("words_of_lures" in [reason["rule"] for reason in document["verdict"]["reasons"]]) == (level == 5)
        assert "suspended" not in json.dumps(document)


def relation(work, options):
    """Who wrote for long is no stranger; it counts after the delay; a key alone reads the history."""
    where = ["--history", work / "history", "--key", work / "key", *options]
    earlier = b"".join(b"From x\n" + mail(more=f"X-N: {day}\n").replace(b"2 Mar", b"%d Feb" % day).replace(b"<1@x>", b"<%d@x>" % day) + b"\n"
                       for day in range(2, 9))
    (work / "earlier.mbox").write_bytes(earlier)
    assert len(lines("scan", "--json", *where, work / "one.eml")) == 1
    assert "Learned of 7 mails" in run("learn", *where, work / "earlier.mbox")
    assert lines("scan", "--json", *where, work / "one.eml") == []
    (work / "other.key").write_bytes(b"k" * 32)
    (work / "other.key").chmod(0o600)
    found = lines("scan", "--json", "--history", work / "history", "--key", work / "other.key", *options, work / "one.eml")
    assert len(found) == 1 and len(found[0]["sender"]["pseudonym"]) == 16
    assert b"watanabe" not in (work / "history").read_bytes()
    run("learn", *options, work / "earlier.mbox", code=2)


def hostile(work, options):
    """Deep, long and broken mails end in time, say what could not be read, and cost no other mail."""
    bad = work / "bad"
    bad.mkdir()
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i) for i in range(1000))
    (bad / "a-deep").write_bytes(b"From: a@b.jp\n" + deep + b"\nx\n")
    (bad / "b-headers").write_bytes(b"From: a@b.jp\n" + b"X: y\n" * 100000 + b"\nx\n")
    (bad / "c-parts").write_bytes(b'From: a@b.jp\nContent-Type: multipart/mixed; boundary=x\n\n' + b"--x\n\ny\n" * 5000 + b"--x--\n")
    (bad / "d-links").write_bytes(mail(body="".join(f"https://h{i}.net/\n" for i in range(5000))))
    (bad / "e-nothing").write_bytes(b"\n\nhello\n")
    (bad / "f-zeros").write_bytes(bytes(70000))
    (bad / "g-charset").write_bytes(b"From: =?x-none?B?AAAA?= <a@b.jp>\nContent-Type: text/plain; charset=utf-7\n\n\xff\xfe\x00\n")
    (bad / "h-attack").write_bytes(mail())
    told = {pathlib.Path(d["file"]).name: d for d in lines("explain", "--json", *options, bad)}
    unread = {name: document["verdict"]["unread"] for name, document in told.items()}
    assert "depth" in unread["a-deep"] and "headers" in unread["b-headers"] and "parts" in unread["c-parts"] and "links" in unread["d-links"], unread
    assert "no_mail" in unread["e-nothing"] and len(told) == 8 and "worker" not in str(unread), unread
    assert told["h-attack"]["verdict"]["action"] in ("tag", "quarantine")


def refusals(work, options):
    run("scan", code=2)
    run("scan", "--level", "6", work / "one.eml", code=2)
    run("scan", "--nothing", work / "one.eml", code=2)
    run("scan", work / "nowhere", code=1)
    (work / "bad.csv").write_text("colour\nred\n")
    run("people", work / "bad.csv", code=1)
    run("scan", "--people", work / "bad.csv", work / "one.eml", code=2)
    (work / "open.key").write_bytes(b"k" * 32)
    (work / "open.key").chmod(0o644)
    run("scan", "--key", work / "open.key", work / "one.eml", code=2)
    assert "1 people, 1 addresses" in run("people", work / "people.csv")


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "people.csv").write_text(PEOPLE)
        options = ["--people", work / "people.csv", "--protect", "kikan.jp"]
        for check in (formats, levels, words, relation, hostile, refusals):
            check(work, options)
            print(f"{check.__name__}: ok")


main()
