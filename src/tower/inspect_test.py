#!/usr/bin/python3
"""What an inspector asks of a tower: counts of a year, how long data are kept, and proofs of what was deleted.

usage: inspect_test.py HINOMI_TOWER FINDING_TEST API_JSON
"""
import csv
import hashlib
import io
import pathlib
import sqlite3
import sys
import tempfile
import time

from tower_world import ROLES, Api, Sender, Tower, finding_example

PROGRAM, FINDING_TEST, API_JSON = sys.argv[1:4]
DAY_MS = 86400000
MEMBER = {"title": "Port of Example", "sector": "ports", "is_active": True, "networks": ["192.0.2.0/24"]}
OLD_COUNT = 2


def acts_age(store, at_ms):
    """Makes the first acts as old as they never were: the tower itself knows only the present. Returns who, what and on what."""
    base = sqlite3.connect(store / "tower.db")
    base.execute("UPDATE audits SET at_ms = ? + number WHERE number <= ?", (at_ms, OLD_COUNT))
    acts = base.execute("SELECT who, act, subject FROM audits WHERE number <= ? ORDER BY number", (OLD_COUNT,)).fetchall()
    base.commit()
    base.close()
    assert len(acts) == OLD_COUNT and all(act for _, act, _ in acts), acts
    return acts


def deletion_is_proven(tower, acts, at_ms):
    """What is older than it may be kept goes, and whoever has a copy can see by the proof that it is what went."""
    until = time.monotonic() + 60
    proofs = []
    while not proofs and time.monotonic() < until:
        proofs = tower.ask("GET", "/api/v1/retention/proofs", "reader").json()["items"]
    assert len(proofs) == 1, proofs
    proof = proofs[0]
    assert (proof["class"], proof["count"]) == ("lookups", OLD_COUNT), proof
    assert (proof["from_ms"], proof["to_ms"]) == (at_ms + 1, at_ms + OLD_COUNT), proof
    assert proof["digest"] == hashlib.sha256("".join("".join(act) for act in acts).encode()).hexdigest(), proof
    left = tower.ask("GET", "/api/v1/audit", "inspector").json()["items"]
    assert left and all(act["at_ms"] > at_ms + DAY_MS for act in left), left
    kept = {row["class"]: row["keep_ms"] for row in tower.ask("GET", "/api/v1/retention", "inspector").json()["items"]}
    assert kept == {"findings": 400 * DAY_MS, "sources": 90 * DAY_MS, "health": 30 * DAY_MS, "documents": 0, "lookups": DAY_MS,
                    "mails": 90 * DAY_MS}, kept
    for wrong in ("limit=0", "limit=201", "cursor=nonsense"):
        assert tower.ask("GET", "/api/v1/retention/proofs?" + wrong, "reader").status == 400, wrong


def a_year_is_counted(tower, year):
    """Counts are of that year alone, of all it has, and the same in both formats."""
    before = tower.ask("GET", f"/api/v1/figures?year={year}", "reader").json()
    sender = Sender(tower.socket)
    finding = finding_example(FINDING_TEST)
    now_ms = int(time.time() * 1000)
    for number in (1, 2):
        told = {**finding, "id": f"{number:032x}", "sequence": 0, "phase": "begin", "target": f"192.0.2.{number}"}
        assert "ack" in sender.tell(told)
    sender.close()
    opened = tower.ask("GET", "/api/v1/incidents", "reader").json()["items"]
    assert len(opened) == 2, opened
    of = time.gmtime(opened[0]["opened_ms"] / 1000).tm_year
    counted = tower.ask("GET", f"/api/v1/figures?year={of}", "inspector").json()
    was = before if of == year else tower.ask("GET", "/api/v1/figures?year=1971", "reader").json()
    assert number_of(counted, "incidents", "attack") == number_of(was, "incidents", "attack") + 2, counted
    assert number_of(counted, "sectors", "ports") == number_of(was, "sectors", "ports") + 2, counted
    sources = f"/api/v1/incidents/{opened[0]['id']}/sources?purpose=to+tell+the+upstream"
    assert tower.ask("GET", sources, "analyst").status == 200
    now = tower.ask("GET", "/api/v1/figures", "inspector").json()
    assert now["lookups"] == 1 and number_of(now, "deleted", "lookups") == OLD_COUNT, now
    assert now["from_ms"] <= now_ms <= now["to_ms"] and not now["is_over"], now
    rows = list(csv.DictReader(io.StringIO(tower.ask("GET", "/api/v1/figures?format=csv", "inspector").body.decode())))
    for what in ("incidents", "sectors", "orders", "deleted"):
        found = {row["name"]: int(row["count"]) for row in rows if row["what"] == what and row["name"] not in ("urgent", "standing")}
        assert found == {row["name"]: row["count"] for row in now[what]}, (what, rows)
    assert [row["count"] for row in rows if row["what"] == "lookups"] == ["1"], rows
    past = tower.ask("GET", "/api/v1/figures?year=1970", "reader").json()
    assert past["is_over"] and past["from_ms"] == 0 and past["to_ms"] == 365 * DAY_MS, past
    assert all(row["count"] == 0 for what in ("incidents", "sectors", "orders", "deleted") for row in past[what]), past
    for wrong in ("year=1969", "year=9999", "year=x", "year=", "format=pdf", "year=2024&year=2025"):
        assert tower.ask("GET", "/api/v1/figures?" + wrong, "reader").status == 400, wrong


def number_of(figures, what, name):
    return next((row["count"] for row in figures[what] if row["name"] == name), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        tower = Tower(PROGRAM, pathlib.Path(folder), Api(API_JSON), keep_lookups="1d")
        for role in ROLES:
            tower.account(role, role, "port" if role == "sender" else "")
        at_ms = int(time.time() * 1000) - 2 * DAY_MS
        acts = acts_age(tower.folder / "store", at_ms)
        try:
            tower.start()
            assert tower.ask("PUT", "/api/v1/members/port", "operator", MEMBER).status == 200
            deletion_is_proven(tower, acts, at_ms)
            a_year_is_counted(tower, time.gmtime().tm_year)
        except BaseException:
            print(tower.log()[-3000:] if tower.process else "")
            raise
        finally:
            if tower.process and tower.process.poll() is None:
                tower.process.kill()


if __name__ == "__main__":
    main()
