#!/usr/bin/python3
"""From a mail to the tower: what hinomi-mail writes of mails is followed, becomes an incident that the interface shows, once.

usage: mail_test.py HINOMI_TOWER HINOMI_MAIL API_JSON sqlite|postgres
Skipped where PostgreSQL is asked for and is not installed.
"""
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

from tower_world import Api, Postgres, Sender, Tower

PROGRAM, MAIL, API_JSON, BACKEND = sys.argv[1:5]
SKIPPED = 77
MAILS = {
    "first": ("Taro Kasumi", "taro.kasumi1974@gmail.com"), "second": ("Taro Kasumi", "taro.kasumi1974@gmail.com"),
    "other": ("Hanako Yama", "someone@example.net"), "posing": ("霞 太郎", "t.kasumi@elsewhere.example"),
}


def mail(name, sender, number):
    host = "files.archive-box.xyz" if sender.endswith("gmail.com") else f"192.0.2.{number}"
    return (f"Return-Path: <{sender}>\r\nReceived: from mail.example.net by mx.ministry.example; Fri, 27 Nov 2026 0{number}:00:00 +0900\r\n"
            f"From: \"{name}\" <{sender}>\r\nTo: hanako@ministry.example\r\nSubject: Notes {number}\r\n"
            f"Date: Fri, 27 Nov 2026 0{number}:00:00 +0900\r\nMessage-ID: <{number}@mail.example.net>\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/html; charset=utf-8\r\n\r\n<p>See <a href=\"http://{host}/{number}/notes.zip\">the notes</a>.</p>\r\n")


def scan(folder):
    """What hinomi-mail says of four mails: two of one sender, one of another, one more that poses as the person of the first."""
    (folder / "people.csv").write_text("name,kana,romaji,mail,organisation\n霞 太郎,かすみ たろう,Taro Kasumi,kasumi@university.example,海洋大学\n山 花子,やま はなこ,Hanako Yama,yama@university.example,海洋大学\n",
                                       encoding="utf-8")
    (folder / "key").write_bytes(bytes(range(32)))
    (folder / "key").chmod(0o600)
    now_s = time.time()
    lines = {}
    for number, (name, (person, sender)) in enumerate(MAILS.items(), 1):
        text = mail(person, sender, number).replace("27 Nov 2026", time.strftime("%d %b %Y", time.gmtime(now_s - 86400)))
        (folder / f"{name}.eml").write_bytes(text.encode())
        done = subprocess.run([MAIL, "scan", "--json", "--people", folder / "people.csv", "--key", folder / "key", folder / f"{name}.eml"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and done.stdout.count("\n") == 1, (name, done)
        lines[name] = done.stdout
    return lines


def wait(condition, what):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        got = condition()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError(what)


def mails_of(tower, incident, lang="en"):
    return tower.ask("GET", f"/api/v1/incidents/{incident}/mails?lang={lang}", "reader").json()["items"]


def incidents(tower):
    return {one["id"]: one for one in tower.ask("GET", "/api/v1/incidents", "reader").json()["items"]}


def what_is_followed_becomes_incidents(tower, findings, lines):
    with open(findings, "a", encoding="utf-8") as out:
        out.write(lines["first"] + '{"document":"mail_finding","text":"Dear Taro"}\n' + lines["second"])
        out.flush()
        one = wait(lambda: next((one for one in incidents(tower).values() if one["findings"] == 2), None), "two mails are one incident")
        assert one["matter"] == "mail" and set(one["kinds"]) == {"mail", "impersonation"} and one["state"] == "open", one
        out.write(lines["other"] + lines["first"])
    wait(lambda: len(incidents(tower)) == 2, "another sender is another incident")
    wait(lambda: tower.metric("hinomi_tower_documents_repeated_total", "reader") >= 1, "the first one again")
    assert incidents(tower)[one["id"]]["findings"] == 2, "kept once"
    with open(findings, "a", encoding="utf-8") as out:
        out.write(lines["posing"])
    wait(lambda: incidents(tower)[one["id"]]["findings"] == 3, "who poses as the same person belongs to the first")
    assert len(incidents(tower)) == 2
    return one["id"]


def all_is_shown(tower, number, lines):
    told = [json.loads(lines["posing"]), json.loads(lines["second"]), json.loads(lines["first"])]
    for lang, language in (("en", "free mailer"), ("ja", "フリーメール")):
        shown = mails_of(tower, number, lang)
        assert len(shown) == 3
        assert language in shown[1]["reasons"][0]["words"], shown[1]["reasons"]
        for was, now in zip(told, shown):
            for name in ("action", "confidence", "hosts", "id", "impersonated", "kind", "level", "payload", "recipient", "sender", "sensor", "target",
                         "unread", "why", "window"):
                assert now[name] == was[name], (name, now[name], was[name])
            assert [{**reason, "words": was_words["words"]} for reason, was_words in zip(was["reasons"], now["reasons"])] == now["reasons"]
            assert now["sender"]["pseudonym"] != "" and now["sender"]["domain"] == was["sender"]["domain"]
            assert now["impersonated"] == {"is": "person", "pseudonym": told[0]["impersonated"]["pseudonym"]} and now["impersonated"]["pseudonym"] != ""
    history = tower.ask("GET", f"/api/v1/incidents/{number}/history?lang=ja", "reader").json()["items"]
    assert history[0]["event"] in ("mail_tagged", "mail_held") and "1通目" in history[0]["words"], history
    assert any(line["event"] == "mail_host" and line["subject"] == "files.archive-box.xyz" for line in history), history
    assert [line["event"] for line in history].count("mail_identity") == 1 and any("なりすまし" in line["words"] for line in history), history
    page = tower.ask("GET", f"/api/v1/incidents/{number}/mails?limit=1", "reader").json()
    assert len(page["items"]) == 1 and page["next"] is not None
    rest = tower.ask("GET", f"/api/v1/incidents/{number}/mails?limit=1&cursor={page['next']}", "reader").json()
    assert rest["items"][0]["id"] == told[1]["id"] and rest["next"] is not None
    assert tower.ask("GET", "/api/v1/incidents/999/mails", "reader").status == 404
    assert tower.ask("GET", f"/api/v1/incidents/{number}/mails?lang=xx", "reader").status == 400
    report = tower.ask("GET", f"/api/v1/incidents/{number}/report?form=generic&lang=en", "analyst").json()
    fields = {field["name"]: field["value"] for field in report["fields"]}
    assert (fields["target"], fields["vectors"], fields["peak"], fields["sources"]) == ("", "mail, impersonation", "3 mails", ""), fields
    assert tower.ask("GET", f"/api/v1/incidents/{number}", "reader").json()["findings"] == []
    text = tower.ask("GET", f"/api/v1/incidents/{number}/mails", "reader").body.decode()
    assert "kasumi" not in text.lower() and "hanako" not in text and "@" not in text, "no address and no name is at the tower"


def what_holds_an_address_is_refused(tower, lines):
    finding = json.loads(lines["other"])
    finding["id"] = "f" * 32
    finding["sender"]["pseudonym"] = "hanako@ministry.example"
    sender = Sender(tower.socket)
    answer = sender.tell(finding)
    assert "refused" in answer and answer["why"].startswith("pseudonym"), answer
    assert sender.tell(json.loads(lines["other"])) == {"ack": json.loads(lines["other"])["id"]}, "told again"
    sender.close()
    assert tower.metric("hinomi_tower_documents_refused_total", "reader") >= 2


def as_of_before(folder, server):
    """Makes the store one of version 3: there a mail ended behind its reasons (0 in its place: one byte, and 18 where somebody is told)."""
    def cut(body):
        assert body[-19] == 1 and body[-18] == 1 and body[-17] == 16, body[-19:]  # there, a person, 16 digits
        return body[:-19]

    if server is None:
        with sqlite3.connect(next(folder.rglob("tower.db"))) as store:
            for number, body in store.execute("SELECT number, body FROM mails").fetchall():
                store.execute("UPDATE mails SET body = ? WHERE number = ?", (cut(body), number))
            store.execute("UPDATE meta SET value = 3 WHERE name = 'version'")
        store.close()
        return
    rows = server.ask("tower", "SELECT number, encode(body, 'hex') FROM mails").split()
    for number, body in (row.split("|") for row in rows):
        server.ask("tower", f"UPDATE mails SET body = decode('{cut(bytes.fromhex(body)).hex()}', 'hex') WHERE number = {number}")
    server.ask("tower", "UPDATE meta SET value = 3 WHERE name = 'version'")


def main():
    if BACKEND == "postgres" and not (Postgres.PROGRAMS / "initdb").exists():
        print("PostgreSQL 15 is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        server = Postgres(folder / "postgres") if BACKEND == "postgres" else None
        tower = None
        try:
            lines = scan(folder)
            options = {"store": server.place("tower")} if server else {}
            tower = Tower(PROGRAM, folder, Api(API_JSON), places=folder / "places", **options)
            findings = folder / "mail.jsonl"
            with open(folder / "conf", "a", encoding="utf-8") as conf:
                conf.write(f'follow "{findings}" {{ }}\nkeep_mails = 30d\n')
            for role in ("analyst", "reader"):
                tower.account(role, role)
            tower.start()
            number = what_is_followed_becomes_incidents(tower, findings, lines)
            all_is_shown(tower, number, lines)
            what_holds_an_address_is_refused(tower, lines)
            tower.stop()
            tower.start()
            assert len(incidents(tower)) == 2 and len(mails_of(tower, number)) == 3, "all of it after a restart"
            tower.stop()
            as_of_before(folder, server)
            tower.start()
            shown = mails_of(tower, number)
            assert [row["id"] for row in shown] == [json.loads(lines[name])["id"] for name in ("posing", "second", "first")]
            assert all("impersonated" not in row and row["reasons"] for row in shown), "a store of before tells of nobody"
            tower.stop()
        finally:
            if tower and tower.process and tower.process.poll() is None:
                tower.process.kill()
            if server:
                server.stop()
    return 0


sys.exit(main())
