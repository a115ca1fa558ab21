#!/usr/bin/python3
"""The tower beside a real authority: orders in plain words, and answers of people by passkey and by key.

usage: order_test.py HINOMI_TOWER HINOMI_AUTHORITY DOCUMENT_TEST API_JSON
Proves that the tower shows what the authority has, that an approval given through it takes effect, and that it relays nothing
that is another person's, about another order, old, or refused by the authority.
"""
import base64
import hashlib
import json
import pathlib
import sys
import tempfile
import time

PROGRAM, AUTHORITY, DOCUMENT_TEST, API_JSON = sys.argv[1:5]
sys.argv = ["whole_test.py", AUTHORITY, DOCUMENT_TEST]
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "authority"))

import whole_test as authority  # noqa: E402  its world: keys, policy, ledger, sensors and effectors
from tower_world import Api, Tower, canonical  # noqa: E402

PEOPLE = {"taro": "approver", "hana": "approver", "kyoko": "approver reader", "jiro": "approver", "stranger": "approver",
          "clerk": "reader", "inspector": "inspector"}


def assertion(world, challenge, origin="https://tower.example", flags=5, party=b"tower.example"):
    """What Taro's authenticator makes: one of openssl's."""
    client_data = json.dumps({"type": "webauthn.get", "challenge": challenge, "origin": origin}).encode()
    data = hashlib.sha256(party).digest() + bytes([flags, 0, 0, 0, 1])
    signed = data + hashlib.sha256(client_data).digest()
    signature = authority.openssl("dgst", "-sha256", "-sign", world.folder / "passkey.pem", data=signed)
    return {"authenticator_data": base64.b64encode(data).decode(), "client_data": base64.b64encode(client_data).decode(),
            "signature": base64.b64encode(signature).decode()}


def wait_for(check, what, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(what)


def waiting(tower, who="clerk"):
    return {row["id"]: row for row in tower.ask("GET", "/api/v1/orders?state=waiting", who).json()["items"]}


def order_seen(tower, order):
    return wait_for(lambda: waiting(tower).get(order), "the order is not seen")


def decision(tower, who, digest, approve, reason=None):
    query = f"?approve={'true' if approve else 'false'}" + (f"&reason={reason}" if reason else "")
    return tower.ask("GET", f"/api/v1/orders/{digest}/decision{query}", who)


def detail(tower, digest, who="clerk"):
    return tower.ask("GET", f"/api/v1/orders/{digest}", who).json()


def passkeys(world, tower):
    """A session by passkey: the right person, page, challenge and gesture, once."""
    def begin():
        return tower.ask("POST", "/api/v1/session/passkey/begin").json()["challenge"]

    def finish(challenge, webauthn, name="taro"):
        return tower.ask("POST", "/api/v1/session/passkey/finish", body={"name": name, "challenge": challenge, "webauthn": webauthn})

    challenge = begin()
    good = assertion(world, challenge)
    reply = finish(challenge, good)
    assert reply.status == 200 and reply.json()["by"] == "passkey" and reply.json()["person"] == "taro", reply.body
    session = {"Cookie": reply.headers["Set-Cookie"].split(";")[0]}
    assert tower.ask("GET", "/api/v1/session", headers=session).json()["name"] == "taro"
    assert finish(challenge, good).status == 401, "a challenge is good once"
    other = begin()
    assert finish(begin(), assertion(world, other)).status == 401, "another challenge than was signed"
    for wrong in ({"origin": "https://evil.example"}, {"flags": 1}, {"flags": 4}, {"party": b"evil.example"}):
        challenge = begin()
        assert finish(challenge, assertion(world, challenge, **wrong)).status == 401, wrong
    for name in ("hana", "nobody", "clerk"):
        challenge = begin()
        assert finish(challenge, assertion(world, challenge), name).status == 401, name
    made_up = "A" * 43
    assert finish(made_up, assertion(world, made_up)).status == 401, "a challenge that was not given out"
    assert finish("x", good).status == 400
    return session


def a_re_identification_is_shown_and_approved(world, tower, session):
    """An order that touches no traffic: shown with whom it asks for, in no incident, approved by passkey, and handed out."""
    draft = {"class": "reidentify", "member": "port", "effector": "mail-1", "finding": "a1" * 16, "why": "to warn who is written to",
             "basis": "agreement, section 7", "reveal": {"pseudonyms": ["0123456789abcdef"]}}
    (world.folder / "draft").write_text(json.dumps(draft))
    told = authority.run("propose", world.folder / "draft", "--key", world.folder / "hana.key", "--socket", world.socket, "--policy",
                         world.folder / "policy", "--yes")
    order = told.splitlines()[-1].split()[0]
    row = order_seen(tower, order)
    assert (row["class"], row["scope"], row["rules"], row["effector"]) == ("reidentify", [], 0, "mail-1"), row
    shown = detail(tower, row["digest"])
    assert "WHOSE ADDRESSES" in shown["words"][0] and shown["document"]["reveal"] == draft["reveal"], shown
    assert not detail(tower, row["digest"], "hana")["may_decide"]["approve"], "who asks for it"
    asked = decision(tower, "taro", row["digest"], True).json()
    body = {"document": asked["document"], "webauthn": assertion(world, asked["challenge"])}
    reply = tower.ask("POST", f"/api/v1/orders/{row['digest']}/decision", None, body, {**session, "Origin": "https://tower.example"})
    assert reply.status == 200, reply.body
    world.verb("approve", order, "jiro")
    wait_for(lambda: detail(tower, row["digest"])["authority"]["state"] == "approved", "approved")
    assert len(json.loads(authority.run("bundle", order, "--socket", world.socket))["approvals"]) == 2


def an_approval_takes_effect(world, tower, session):
    effector = world.attach()
    watcher = tower.watch("clerk")
    order = authority.id_of(world.propose(urgent=False, finding="1" * 32))
    row = order_seen(tower, order)
    digest = row["digest"]
    assert watcher.read("order")[1]["digest"] == digest
    assert row["state"] == "waiting" and row["is_waiting"] and row["approvals"] == 0 and row["effector"] == "edge-1", row
    shown = detail(tower, digest)
    told = "\n".join(shown["words"])
    for words in ("asks edge-1 to act for port", "drop UDP", "section 4", "only what is sent to 192.0.2.10", "stops 99.0 %",
                  "nothing is done"):
        assert words in told, (words, told)
    assert shown["silence"] == "nothing_is_done" and shown["document"]["id"] == order, shown
    assert hashlib.sha256(shown["note"].split("\n")[0].encode() + b"\n").hexdigest() == digest
    assert shown["may_decide"] == {"approve": False, "refuse": False,
                                   "why": "this account is no person of the policy who may answer"}
    assert detail(tower, digest, "taro")["may_decide"]["approve"]
    path = f"/api/v1/orders/{digest}/decision"
    assert decision(tower, "stranger", digest, True).status == 409, "an account that is no person"
    assert tower.ask("GET", path + "?approve=true", "clerk").status == 403
    assert tower.ask("GET", path, "taro").status == 400 and decision(tower, "taro", digest, False).status == 400, "needs a reason"
    assert decision(tower, "taro", "0" * 64, True).status == 404

    asked = decision(tower, "taro", digest, True, "seen+and+understood").json()
    assert asked["act"] == "approval" and asked["role"] == "commission" and asked["by"] == "taro", asked
    good = {"document": asked["document"], "webauthn": assertion(world, asked["challenge"])}
    ours = {**session, "Origin": "https://tower.example"}
    changed = canonical({**json.loads(asked["document"]), "role": "duty"})
    old = canonical({**json.loads(asked["document"]), "at_ms": 1})
    other = canonical({**json.loads(asked["document"]), "subject": "1" * 64})
    for status, who, body, headers in (
            (403, None, good, session), (400, "hana", good, None), (409, None, {**good, "document": changed}, ours),
            (400, None, {**good, "document": old}, ours), (400, None, {**good, "document": other}, ours),
            (400, None, {"document": asked["document"]}, ours), (400, None, {**good, "note": "x\n"}, ours), (400, None, {}, ours),
            (409, None, {**good, "webauthn": assertion(world, asked["challenge"], flags=1)}, ours)):
        reply = tower.ask("POST", path, who, body, headers)
        assert reply.status == status, (status, reply.status, reply.body)
    assert detail(tower, digest)["authority"]["approved_by"] == []
    taken = tower.ask("POST", path, None, good, ours)
    assert taken.status == 200, taken.body
    wait_for(lambda: detail(tower, digest)["authority"]["approved_by"] == ["taro"], "the approval is not shown")
    assert tower.ask("POST", path, None, good, ours).status == 409, "said already"
    assert decision(tower, "taro", digest, True).status == 409
    note = world.verb("approve", order, "jiro")  # by key, from a terminal
    assert note
    bundle = effector.read()
    assert json.loads(bundle["order"].split("\n")[0])["id"] == order and len(bundle["approvals"]) == 2
    effector.send(authority.receipt(bundle, "applied"))
    wait_for(lambda: detail(tower, digest)["authority"]["state"] == "active", "in force")
    assert order not in waiting(tower) and detail(tower, digest)["silence"] == "acts_until_its_end"
    effector.send(authority.receipt(bundle, "ended", "the attack is over"))
    wait_for(lambda: detail(tower, digest)["authority"]["state"] == "withdrawn", "its end")
    acts = [(row["who"], row["act"], row["is_allowed"]) for row in tower.ask("GET", "/api/v1/audit", "inspector").json()["items"]]
    assert ("taro", "order.decision", True) in acts and ("taro", "order.decision", False) in acts, acts
    watcher.close()
    effector.close()


def a_refusal_by_key(world, tower):
    """What is signed with a key file elsewhere is relayed as it is."""
    order = authority.id_of(world.propose(urgent=False, finding="2" * 32))
    digest = order_seen(tower, order)["digest"]
    asked = decision(tower, "kyoko", digest, False, "too+wide").json()
    assert asked["act"] == "refusal" and asked["relying_party"] == "", asked
    path = f"/api/v1/orders/{digest}/decision"
    forged = asked["document"] + "\n\n\u2014 kyoko AAAA\n"
    assert tower.ask("POST", path, "kyoko", {"note": forged}).status == 409
    world.verb("refuse", order, "kyoko", "--reason", "too wide")
    wait_for(lambda: detail(tower, digest)["authority"]["state"] == "refused", "refused")
    assert not detail(tower, digest, "taro")["may_decide"]["approve"]


def an_urgent_order_waits_to_be_ratified(world, tower):
    effector = world.attach()
    order = authority.id_of(world.propose(urgent=True, finding="3" * 32))
    world.verb("approve", order, "jiro")
    bundle = effector.read()
    effector.send(authority.receipt(bundle, "applied"))
    row = wait_for(lambda: next((row for row in waiting(tower).values() if row["id"] == order and row["state"] == "active"), None),
                   "active, and still asked about")
    assert row["is_urgent"] and row["decide_by_ms"] == row["ratify_by_ms"], row
    assert detail(tower, row["digest"])["silence"] == "ends_at_deadline"
    assert decision(tower, "taro", row["digest"], True).json()["act"] == "ratification"
    wait_for(lambda: detail(tower, row["digest"])["authority"]["state"] == "lapsed", "not ratified in time")
    effector.close()


def ledger(world, tower):
    """The ledger's files are given out as they are, the key as well, and nothing else of that directory."""
    checkpoint = tower.ask("GET", "/api/v1/ledger/checkpoint", "clerk").body
    assert checkpoint == (world.folder / "ledger/checkpoint").read_bytes()
    tiles = [path for path in (world.folder / "ledger/tile").rglob("*") if path.is_file()]
    assert tiles
    for tile in tiles:
        path = tile.relative_to(world.folder / "ledger/tile")
        assert tower.ask("GET", f"/api/v1/ledger/tile/{path}", "clerk").body == tile.read_bytes()
    for wrong in ("0/999", "../journal", "..%2fjournal", "journal", "0/../../journal"):
        assert tower.ask("GET", f"/api/v1/ledger/tile/{wrong}", "clerk", is_checked=False).status in (400, 404), wrong
    keys = {(row["use"], row["name"]): row for row in tower.ask("GET", "/api/v1/ledger/keys", "clerk").json()["items"]}
    assert keys["ledger", "log"]["key"] == world.log_key and keys["person", "taro"]["passkey"]["origin"] == "https://tower.example"


def an_authority_that_is_gone(world, tower):
    """Orders stay readable as far as the store has them, answers are refused plainly, and it is followed again when it is back."""
    order = authority.id_of(world.propose(urgent=False, finding="4" * 32))
    digest = order_seen(tower, order)["digest"]
    asked = decision(tower, "taro", digest, True).json()
    good = {"document": asked["document"], "webauthn": assertion(world, asked["challenge"])}
    world.stop()
    wait_for(lambda: tower.ask("GET", "/api/v1/now", "clerk").json()["tower"]["authority"] == "silent", "silent")
    assert tower.ask("POST", f"/api/v1/orders/{digest}/decision", "taro", good).status == 503
    world.start()
    wait_for(lambda: tower.ask("GET", "/api/v1/now", "clerk").json()["tower"]["authority"] == "answers", "answers")
    assert tower.ask("POST", f"/api/v1/orders/{digest}/decision", "taro", good).status == 200


def main():
    api = Api(API_JSON)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "authority").mkdir()
        (folder / "tower").mkdir()
        world = authority.World(folder / "authority")
        tower = Tower(PROGRAM, folder / "tower", api, policy=world.folder / "policy", authority=world.socket,
                      ledger=world.folder / "ledger")
        for name, roles in PEOPLE.items():
            tower.account(name, roles)
        world.start()
        tower.start()
        try:
            session = passkeys(world, tower)
            an_approval_takes_effect(world, tower, session)
            a_re_identification_is_shown_and_approved(world, tower, session)
            for step in (a_refusal_by_key, an_urgent_order_waits_to_be_ratified, ledger, an_authority_that_is_gone):
                step(world, tower)
                print(step.__name__)
            tower.stop()
            world.stop()
        except BaseException:
            print(tower.log()[-3000:], (world.folder / "log.txt").read_text()[-2000:])
            raise
        finally:
            for process in (tower.process, world.process):
                if process.poll() is None:
                    process.kill()


if __name__ == "__main__":
    main()
