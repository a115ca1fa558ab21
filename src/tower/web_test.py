#!/usr/bin/python3
"""The tower's interface, over its real sockets: every operation of schema/api.json by every role, and what is not allowed.

usage: web_test.py HINOMI_TOWER FINDING_TEST API_JSON ROUTES_C sqlite|postgres
Skipped where PostgreSQL is asked for and is not installed.
"""
import copy
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from tower_world import ME, ROLES, Api, Postgres, Sender, Tower, canonical, finding_example, health

PROGRAM, FINDING_TEST, API_JSON, ROUTES_C, BACKEND = sys.argv[1:6]
SKIPPED = 77
DOC = pathlib.Path(API_JSON).resolve().parent.parent / "doc"
ZEROS = "0" * 64
MEMBER = {"title": "Port of Example", "sector": "ports", "is_active": True, "networks": ["192.0.2.0/24", "2001:db8::/32"]}


FINDING = finding_example(FINDING_TEST)


def told(number, sequence=0, phase="begin", **changes):
    return {**copy.deepcopy(FINDING), "id": f"{number:032x}", "sequence": sequence, "phase": phase, **changes}


def every_route_is_described(api):
    """What schema/api.json has is served, and nothing else is."""
    served = set(re.findall(r'^\t\{"([A-Z]+)", "([^"]+)"', pathlib.Path(ROUTES_C).read_text(encoding="utf-8"), re.MULTILINE))
    described = {(method, re.sub(r"\{path\}", "{path*}", path)) for method, path, _ in api.operations()}
    assert served == described, served ^ described


def fill(path):
    names = {"{id}": "1", "{digest}": ZEROS, "{name}": "port", "{path}": "0/000"}
    if path.startswith("/api/v1/accounts"):
        names["{name}"] = "made"
    for name, value in names.items():
        path = path.replace(name, value)
    required = {"decision": "?approve=true", "report": "?form=generic"}
    return path + next((query for end, query in required.items() if path.endswith(end)), "")


def body_of(operation):
    content = operation.get("requestBody", {}).get("content", {})
    for kind, described in content.items():
        example = described.get("example", {"": ""})
        return kind, canonical(told(1)) + "\n" if kind == "application/x-ndjson" else json.dumps(example)
    return None, None


def every_operation_by_every_role(tower, api):
    """Who has one of the roles may, others get 403, and who is nobody gets 401."""
    count = 0
    for method, path, operation in api.operations():
        allowed = operation["x-roles"]
        kind, body = body_of(operation)
        headers = {"Content-Type": kind} if kind else {}
        for role in (None, *ROLES):
            if path == "/api/v1/events" and role in allowed:
                continue
            target = fill(path)
            reply = tower.ask(method, target if method != "GET" else target.split("?")[0] if role is None else target, role, body, headers)
            what = (method, target, role, reply.status, reply.body[:200])
            if allowed == "anyone":
                assert reply.status not in (403, 405), what
            elif role is None:
                assert reply.status == 401, what
            elif role in allowed:
                assert reply.status not in (401, 403, 405, 500), what
            else:
                assert reply.status == 403, what
                assert set(reply.json()) == {"error"}, what
            count += 1
    print(f"{count} requests by role")


def tokens_and_sessions(tower):
    """A session is begun by a token, changes come from our own page alone, and it ends."""
    assert tower.ask("GET", "/api/v1/session", headers={"Authorization": "Bearer hinomi_wrong"}).status == 401
    assert tower.ask("GET", "/api/v1/session", headers={"Authorization": "Basic YTpi"}).status == 401
    assert tower.ask("POST", "/api/v1/session", body={"token": "hinomi_wrong"}).status == 401
    reply = tower.ask("POST", "/api/v1/session", body={"token": tower.tokens["operator"]})
    assert reply.status == 200 and reply.json()["roles"] == ["operator"], reply.body
    cookie = reply.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/"):
        assert word in cookie, cookie
    session = {"Cookie": cookie.split(";")[0]}
    assert tower.ask("GET", "/api/v1/session", headers=session).json()["expires_ms"] > time.time() * 1000
    put = ("PUT", "/api/v1/members/port", None, MEMBER)
    assert tower.ask(*put, headers=session).status == 403, "a change without Origin"
    assert tower.ask(*put, headers={**session, "Origin": "https://other.example"}).status == 403
    assert tower.ask(*put, headers={**session, "Origin": "https://tower.example"}).status == 200
    ours = {**session, "Origin": "https://tower.example"}
    assert tower.ask("DELETE", "/api/v1/session", headers=ours).status == 204
    assert tower.ask("GET", "/api/v1/session", headers=session).status == 401, "a session that has ended"
    assert tower.ask("POST", "/api/v1/session/passkey/begin").status == 409, "there is no policy here"


def accounts(tower):
    """What is taken away from an account is gone with its next request; a new token ends the old one."""
    account = {"roles": ["reader"], "member": "", "is_active": True, "new_token": True}
    made = tower.ask("PUT", "/api/v1/accounts/guest", "operator", account).json()
    tower.tokens["guest"] = made["token"]
    assert tower.ask("GET", "/api/v1/now", "guest").status == 200
    assert tower.ask("PUT", "/api/v1/members/port", "guest", MEMBER).status == 403
    again = tower.ask("PUT", "/api/v1/accounts/guest", "operator", account).json()
    assert tower.ask("GET", "/api/v1/now", "guest").status == 401, "the token before"
    tower.tokens["guest"] = again["token"]
    assert tower.ask("GET", "/api/v1/now", "guest").status == 200
    tower.ask("PUT", "/api/v1/accounts/guest", "operator", {**account, "is_active": False, "new_token": False})
    assert tower.ask("GET", "/api/v1/now", "guest").status == 401, "switched off"
    for wrong in ({**account, "roles": []}, {**account, "roles": ["king"]}, {**account, "extra": 1}, {"roles": ["reader"]},
                  {**account, "roles": ["sender"]}, {**account, "member": "port"},
                  {**account, "roles": ["sender", "reader"], "member": "port"}):
        assert tower.ask("PUT", "/api/v1/accounts/guest", "operator", wrong).status == 400, wrong
    tower.ask("PUT", "/api/v1/accounts/guest", "operator", {**account, "new_token": False})
    tower.watching = tower.watch("guest")
    tower.ask("PUT", "/api/v1/accounts/guest", "operator", {**account, "is_active": False, "new_token": False})
    text = tower.ask("GET", "/api/v1/accounts", "operator").body.decode()
    assert "hinomi_" not in text and "digest" not in text, "no token is ever shown again"


def members(tower):
    """Registered data is checked, kept, and shown as it was put; each change is in the audit."""
    assert tower.ask("PUT", "/api/v1/members/port", "operator", MEMBER).json()["member"]["networks"] == MEMBER["networks"]
    for wrong in ({**MEMBER, "sector": "moon"}, {**MEMBER, "networks": ["192.0.2.1/24"]}, {**MEMBER, "networks": ["x"]},
                  {**MEMBER, "title": ""}, {**MEMBER, "more": 1}, {"title": "x"}, [], "x"):
        assert tower.ask("PUT", "/api/v1/members/port", "operator", json.dumps(wrong)).status == 400, wrong
    assert tower.ask("PUT", "/api/v1/members/Port", "operator", MEMBER).status == 400
    assert tower.ask("PUT", "/api/v1/members/port", "operator", "{").status == 400
    assert tower.ask("PUT", "/api/v1/members/other", "operator", MEMBER).status == 409, "networks of another member"
    assert tower.ask("GET", "/api/v1/members/nobody", "reader").status == 404
    assert tower.ask("GET", "/api/v1/members/nobody/assets", "reader").status == 404
    contacts = {"items": [{"role": "duty", "name": "当直", "reach": "+81 3 0000 0000"}]}
    assert tower.ask("PUT", "/api/v1/members/port/contacts", "operator", contacts).json() == contacts
    assert tower.ask("PUT", "/api/v1/members/nobody/contacts", "operator", contacts).status == 404
    asset = {"id": "vpn-1", "product": "Example VPN", "version": "7.2.3", "place": "head office", "note": "", "is_retired": False}
    tower.ask("PUT", "/api/v1/members/port/assets", "operator", {"items": [asset]})
    tower.ask("PUT", "/api/v1/members/port/assets", "operator", {"items": [{**asset, "version": "7.2.4"}]})
    shown = tower.ask("GET", "/api/v1/members/port/assets", "reader").json()["items"]
    assert [row["version"] for row in shown] == ["7.2.4"], shown
    past = tower.ask("GET", "/api/v1/members/port/assets/vpn-1/history", "reader").json()["items"]
    assert [row["version"] for row in past] == ["7.2.4", "7.2.3"] and past[0]["changed_by"] == "operator", past
    acts = [row["act"] for row in tower.ask("GET", "/api/v1/audit", "inspector").json()["items"]]
    for act in ("member.put", "member.contacts", "member.assets", "account.put token", "session.begin", "session.refused"):
        assert act in acts, (act, acts)


def documents(tower):
    """What a member may say is acknowledged once and kept once; what it may not is refused, with a reason, and counted."""
    def post(*lines, who="sender", headers=None):
        body = "".join((line if isinstance(line, str) else canonical(line)) + "\n" for line in lines)
        return tower.ask("POST", "/api/v1/documents", who, body.encode(), headers or {"Content-Type": "application/x-ndjson"})

    answers = [json.loads(line) for line in post(told(2), told(2), "{", told(3, target="198.51.100.1"), health("port"),
                                                 health("bank")).body.splitlines()]
    assert answers[0] == {"ack": f"{2:032x}-0"} and answers[1] == answers[0], answers
    assert answers[2]["refused"] is None and answers[2]["why"], answers
    assert "refused" in answers[3], "outside of its networks"
    assert "ack" in answers[4] and "refused" in answers[5], "health of another member"
    assert post(told(4), headers={"Content-Type": "application/json"}).status == 415
    assert tower.ask("POST", "/api/v1/documents", "sender", canonical(told(4)), {"Content-Type": "application/x-ndjson"}).status == 400
    assert post(*["x"] * 5000).status == 413, "too many lines"
    assert tower.ask("POST", "/api/v1/documents", "sender", b"x" * 1048577, {"Content-Type": "application/x-ndjson"}).status == 413
    refused = tower.metric("hinomi_tower_documents_refused_total", "reader")
    sender = Sender(tower.socket)
    assert sender.tell(told(5)) == {"ack": f"{5:032x}-0"}
    assert sender.tell("not a document")["refused"] is None
    sender.send(told(5, 1, "change"))
    sender.send(told(5, 2, "end"))
    assert [sender.read()["ack"], sender.read()["ack"]] == [f"{5:032x}-1", f"{5:032x}-2"], "answers in the order of the lines"
    sender.close()
    assert tower.metric("hinomi_tower_documents_refused_total", "reader") == refused + 1


def incidents(tower):
    """Lists are paged by cursors, wrong parameters are refused, addresses are for a purpose and noted."""
    sender = Sender(tower.socket)
    for number in range(10, 15):
        assert "ack" in sender.tell(told(number, target=f"192.0.2.{number * 10}"))
    sender.close()
    seen, cursor = [], ""
    while cursor is not None:
        page = tower.ask("GET", f"/api/v1/incidents?limit=2{'&cursor=' + cursor if cursor else ''}", "reader").json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) >= 6, seen
    assert tower.ask("GET", "/api/v1/incidents?state=open&sector=ports&member=port", "reader").status == 200
    for wrong in ("state=x", "limit=0", "limit=201", "limit=x", "cursor=nonsense", "sector=moon", "limit=1&limit=2", "state", "a=%zz",
                  "a=%00", "=1"):
        assert tower.ask("GET", "/api/v1/incidents?" + wrong, "reader").status == 400, wrong
    number = seen[0]
    detail = tower.ask("GET", f"/api/v1/incidents/{number}", "reader").json()
    assert detail["incident"]["id"] == number and detail["findings"] and detail["shares"], detail
    assert tower.ask("GET", f"/api/v1/incidents/{number}/history?lang=ja", "reader").json()["items"]
    assert tower.ask("GET", f"/api/v1/incidents/{number}/history?lang=fr", "reader").status == 400
    for wrong in ("0", "999999", "x", "-1", "01", "9" * 30):
        assert tower.ask("GET", f"/api/v1/incidents/{wrong}", "reader").status == 404, wrong
    sources = f"/api/v1/incidents/{number}/sources"
    assert tower.ask("GET", sources, "reader").json()["addresses"] is None
    assert tower.ask("GET", sources + "?purpose=to+tell+the+upstream", "reader").status == 403
    assert tower.ask("GET", sources + "?purpose=short", "analyst").status == 400
    before = len(tower.ask("GET", "/api/v1/lookups", "inspector").json()["items"])
    assert tower.ask("GET", sources + "?purpose=to+tell+the+upstream", "analyst").json()["addresses"]
    lookups = tower.ask("GET", "/api/v1/lookups", "inspector").json()["items"]
    assert len(lookups) == before + 1 and lookups[0]["who"] == "analyst" and lookups[0]["purpose"] == "to tell the upstream", lookups


def reports(tower):
    """A report has what the tower knows, says what it does not, names deadlines, and no address of a source; others' texts stay text."""
    evil = told(30, target="192.0.2.77", why='=1+1 <script>alert("x")</script> & "more"')
    sender = Sender(tower.socket)
    assert "ack" in sender.tell(evil)
    sender.close()
    rows = tower.ask("GET", "/api/v1/incidents?limit=200", "reader").json()["items"]
    number = next(row["id"] for row in rows if row["target"] == "192.0.2.77")
    path = f"/api/v1/incidents/{number}/report"
    for form in ("ddos_jp", "ransomware_jp", "generic"):
        for lang in ("ja", "en"):
            report = tower.ask("GET", f"{path}?form={form}&lang={lang}", "analyst").json()
            fields = {field["name"]: field for field in report["fields"]}
            assert fields["grounds" if form != "ransomware_jp" else "traffic"]["value"] == evil["why"], fields
            assert not fields["police" if form != "generic" else "root_cause"]["is_known"], "for a person to fill in"
            assert {clock["recipient"] for clock in report["clocks"]} == ({"ministry"} if form == "ddos_jp" else set()), report["clocks"]
            for kind in ("html", "csv"):
                text = tower.ask("GET", f"{path}?form={form}&lang={lang}&format={kind}", "analyst").body.decode()
                assert "<script" not in text or kind == "csv", text
                assert kind != "csv" or '"\'=1+1 <script>alert(""x"")</script> & ""more"""' in text, text
                assert all(source["addr"] not in text for source in evil["sources"]), "an address of a source"
    assert tower.ask("GET", f"{path}?form=ddos_jp&consent=yes", "analyst").json()["consent"] is True
    for wrong in ("", "?form=x", "?form=", "?form=generic&format=pdf", "?form=generic&lang=fr", "?form=generic&consent=maybe"):
        assert tower.ask("GET", path + wrong, "analyst").status == 400, wrong
    assert tower.ask("GET", "/api/v1/incidents/99999/report?form=generic", "analyst").status == 404
    acts = [(row["who"], row["act"]) for row in tower.ask("GET", "/api/v1/audit", "inspector").json()["items"]]
    assert ("analyst", "report.make consent") in acts, acts


def events(tower):
    """A watcher sees what is stored, goes on behind the last it saw, and is told where something is missing."""
    watcher = tower.watch("reader")
    sender = Sender(tower.socket)
    assert "ack" in sender.tell(told(20, target="192.0.2.200"))
    kind, finding, first_id = watcher.read("finding")
    assert finding["id"] == f"{20:032x}", finding
    _, incident, _ = watcher.read("incident")
    assert incident["target"] == "192.0.2.200", incident
    assert "ack" in sender.tell(health("port", losses=[{"reason": "ring_full", "count": 7}]))
    assert watcher.read("health")[1]["losses"] == [{"reason": "ring_full", "count": 7}]
    watcher.close()
    again = tower.watch("reader", first_id)
    assert again.read()[0] == "incident", "the one behind"
    again.close()
    for unknown in ("1-1", "x", "-", first_id.split("-")[0] + "-999999"):
        lost = tower.watch("reader", unknown)
        assert lost.read()[:2] == ("gap", {"lost": 0}), unknown
        lost.close()
    sender.close()
    assert tower.ask("HEAD", "/api/v1/events", "reader", is_checked=False).status == 405


def status_of(data):
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.") else 0


def bad_http(tower):
    """What is malformed or huge gets a clear error or the end of the connection, and the next one is served."""
    for target in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/a//b", "/./x", "/%00", "/\x7f", "/" + "a" * 5000, "/.git/config", "//"):
        got = tower.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        assert status_of(got) in (0, 400, 404, 414, 431), (target, got[:200])
    head = f"Authorization: Bearer {tower.tokens['operator']}\r\nHost: x\r\nContent-Type: application/json\r\n"
    smuggled = (f"POST /api/v1/session HTTP/1.1\r\n{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"hinomi_tower_requests_total" not in tower.raw(smuggled.encode()), "a second request hidden in the first"
    for data in (b"\r\n" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00" + b"\0" * 500, b"GET / HTTP/9.9\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 60000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
                 b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
                 b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"):
        got = tower.raw(data)
        assert status_of(got) != 200, (data[:60], got[:200])
    assert tower.ask("PATCH", "/api/v1/now", "reader", is_checked=False).status == 405
    assert tower.ask("POST", "/api/v1/now", "reader", is_checked=False).headers["Allow"] == "GET, HEAD"
    assert tower.ask("GET", "/api/v1/nothing", "reader", is_checked=False).status == 404
    assert tower.ask("PUT", "/api/v1/members/port", "operator", b"x" * 70000).status == 413
    assert tower.ask("PUT", "/api/v1/members/port", "operator", json.dumps(MEMBER), {"Content-Type": "text/plain"}).status == 415
    assert tower.ask("GET", "/api/v1/now", "reader").status == 200


class Slow(threading.Thread):
    """A client that sends a byte now and then, until it is cut off."""

    def __init__(self, tower):
        super().__init__(daemon=True)
        self.client = socket.socket(socket.AF_UNIX)
        self.client.settimeout(0.3)
        self.client.connect(str(tower.listen))
        self.client.sendall(b"GET / HTTP/1.1\r\nX-")
        self.seconds = None

    def run(self):
        begun = time.monotonic()
        while self.seconds is None and time.monotonic() < begun + 60:
            try:
                self.client.sendall(b"a")
                if self.client.recv(1) == b"":
                    self.seconds = time.monotonic() - begun
            except TimeoutError:
                continue
            except OSError:
                self.seconds = time.monotonic() - begun
        self.client.close()


def the_dashboard_names_what_there_is(tower):
    """Every metric of the Grafana dashboard that is shipped is one that the tower has."""
    named = set(re.findall(r"hinomi_tower_\w+", (DOC / "hinomi-tower.grafana.json").read_text(encoding="utf-8")))
    text = tower.ask("GET", "/metrics", "reader").body.decode()
    there = set(re.findall(r"^(hinomi_tower_\w+)", text, re.MULTILINE))
    assert named and named <= there, named - there
    assert re.fullmatch(r"((# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[^\"]*\"\})? \d+)\n)+", text), "the exposition format"


def a_stream_ends_with_its_account(tower):
    """What accounts() switched off has its stream ended at the next beat."""
    begun = time.monotonic()
    while tower.watching.response.readline():
        assert time.monotonic() < begun + 40, "who is switched off goes on watching"
    tower.watching.close()


def slow_is_cut_off(tower, slow):
    slow.join(60)
    assert slow.seconds is not None and 8 < slow.seconds < 20, "cut off, though it never stopped to send"
    assert tower.metric("hinomi_tower_connections_cut_off_total", "reader") >= 1


def page(tower):
    """Files of the page are served with strict headers, packed where that is understood, and nothing else of the disk."""
    (tower.folder / "page/index.html").write_text("<!doctype html>")
    (tower.folder / "page/assets/a-1.js").write_text("1")
    (tower.folder / "page/assets/a-1.js.gz").write_bytes(b"packed")
    (tower.folder / "page/.secret").write_text("x")
    (tower.folder / "page/link").symlink_to("/etc/passwd")
    reply = tower.ask("GET", "/", is_checked=False)
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/html; charset=utf-8", reply.body
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'self'"), reply.headers
    script = tower.ask("GET", "/assets/a-1.js", headers={"Accept-Encoding": "gzip"}, is_checked=False)
    assert script.body == b"packed" and script.headers["Content-Encoding"] == "gzip" and "immutable" in script.headers["Cache-Control"]
    assert tower.ask("GET", "/assets/a-1.js", is_checked=False).body == b"1"
    for path in ("/.secret", "/link", "/none", "/assets", "/assets/"):
        assert tower.ask("GET", path, is_checked=False).status == 404, path


def rates(folder, api):
    """An account and an address may ask so often, and are told when to come again."""
    tower = Tower(PROGRAM, folder, api, requests_per_s=1)
    tower.account("reader", "reader")
    tower.start()
    statuses = [tower.ask("GET", "/api/v1/session", "reader").status for _ in range(15)]
    assert statuses.count(200) in (10, 11) and statuses[-1] == 429, statuses
    assert int(tower.ask("GET", "/api/v1/session", "reader").headers["Retry-After"]) >= 1
    wrong = {"Authorization": "Bearer hinomi_wrong", "X-Real-IP": "192.0.2.99"}
    statuses = [tower.ask("GET", "/api/v1/session", headers=wrong).status for _ in range(25)]
    assert statuses.count(401) in (20, 21) and statuses[-1] == 429, statuses
    tower.stop()


def kill(tower):
    """What was acknowledged is there after a kill."""
    sender = Sender(tower.socket)
    assert "ack" in sender.tell(told(99, target="192.0.2.99"))
    tower.stop(signal.SIGKILL)
    sender.close()
    tower.start()
    targets = [row["target"] for row in tower.ask("GET", "/api/v1/incidents?limit=200", "reader").json()["items"]]
    assert "192.0.2.99" in targets, targets


def the_example_is_sound(folder):
    """The configuration that is shipped is one that is taken; what it does not know, and a recipient by half, are not."""
    text = (DOC / "hinomi-tower.conf.example").read_text(encoding="utf-8")
    text = re.sub(r"users = \{.*\}", f"users = {ME}", text).replace("/etc/hinomi/policy", str(DOC / "policy.example"))
    for expected, changed in ((0, text), (2, text + "unknown = 1\n"), (2, text.replace("within = 72h", "")),
                              (2, text.replace('origin = "https://tower.example"', 'origin = "tower.example"')),
                              (2, text.replace("/run/hinomi-tower/http.sock", "0.0.0.0:80"))):
        (folder / "example").write_text(changed)
        done = subprocess.run([PROGRAM, "--check", folder / "example"], capture_output=True, text=True, check=False)
        assert done.returncode == expected, (done.stdout, done.stderr)


def main():
    api = Api(API_JSON)
    every_route_is_described(api)
    if BACKEND == "postgres" and not Postgres.PROGRAMS.exists():
        print("PostgreSQL is not installed")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o711)
        the_example_is_sound(folder)
        (folder / "main").mkdir()
        (folder / "rates").mkdir()
        server = Postgres(folder / "server") if BACKEND == "postgres" else None
        tower = Tower(PROGRAM, folder / "main", api, **({"store": server.place("main")} if server else {}))
        try:
            for role in ROLES:
                tower.account(role, role, "port" if role == "sender" else "")
            tower.start()
            slow = Slow(tower)
            slow.start()
            assert tower.ask("PUT", "/api/v1/members/port", "operator", MEMBER).status == 200
            for test in (documents, incidents, tokens_and_sessions, accounts, members, reports, events, bad_http, page, the_dashboard_names_what_there_is):
                test(tower)
                print(test.__name__)
            every_operation_by_every_role(tower, api)
            slow_is_cut_off(tower, slow)
            a_stream_ends_with_its_account(tower)
            kill(tower)
            tower.stop()
            rates(folder / "rates", api)
        except BaseException:
            print(tower.log()[-3000:] if tower.process else "")
            raise
        finally:
            if tower.process and tower.process.poll() is None:
                tower.process.kill()
            if server:
                server.stop()


if __name__ == "__main__":
    main()
