#!/usr/bin/python3
"""What a tower makes of whoever plays exercises: it hands on what it is asked, shows what is told, and believes nothing else.

usage: exercise_test.py HINOMI_TOWER RECORD_EXERCISE_TEST API_JSON
The player is played by this test; tests/exercise_serve has the real one.
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

from tower_world import ROLES, Api, Tower, canonical

PROGRAM, EXERCISE_TEST, API_JSON = sys.argv[1:4]
LINES = subprocess.run([EXERCISE_TEST, "--documents"], capture_output=True, check=True, text=True).stdout.splitlines()
STATE = json.loads(LINES[0])


def reply(answer, why=""):
    return canonical({"document": "exercise_reply", "version": 1, "answer": answer, "why": why})


class Player(threading.Thread):
    """Answers each connection with what it is set to, and remembers what it was asked."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen(8)
        self.state = LINES[0].encode()
        self.reply = reply("accepted").encode()
        self.asked = []

    def run(self):
        while True:
            client, _ = self.listening.accept()
            with client, client.makefile("rb") as file:
                line = file.readline()
                request = json.loads(line)
                if request["ask"] != "state":
                    self.asked.append(request)
                try:
                    client.sendall(self.state if request["ask"] == "state" else self.reply)
                except OSError:
                    pass  # it has heard enough


def until(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def shown(tower):
    return tower.ask("GET", "/api/v1/exercise", "reader").json()


def nobody_plays(tower):
    """Without a player that is said, and nothing can be started."""
    assert shown(tower) == {"player": "silent", "may_start": False, "is_own": False, "scenarios": [], "runs": []}
    assert tower.ask("POST", "/api/v1/exercise", "operator", {"scenario": "one-flood"}).status == 503


def what_is_told_is_shown(tower, player):
    watcher = tower.watch("reader")
    player.start()
    until("the player is not heard", lambda: shown(tower)["player"] == "answers")
    told = {name: value for name, value in STATE.items() if name not in ("document", "version")}
    assert shown(tower) == {**told, "player": "answers"}
    assert watcher.read("exercise")[1] == {"number": 3, "seconds": 2}
    watcher.close()


def what_is_asked_is_handed_on(tower, player):
    def start(body, who="operator"):
        return tower.ask("POST", "/api/v1/exercise", who, body)

    assert start({"scenario": "one-flood"}).status == 202
    assert player.asked[-1] == {"document": "exercise_request", "version": 1, "ask": "start", "scenario": "one-flood"}, player.asked
    assert start({"scenario": "carpet"}, "analyst").status == 202
    assert start({"scenario": "carpet"}, "reader").status == 403 and start({"scenario": "carpet"}, "approver").status == 403
    count = len(player.asked)
    for wrong in ({}, {"scenario": ""}, {"scenario": 1}, {"scenario": "x" * 48}, {"scenario": "a\nb"}, {"scenario": "x", "more": 1}, [], "x"):
        assert start(json.dumps(wrong)).status == 400, wrong
    assert len(player.asked) == count, "what cannot be read is asked of nobody"
    for answer, status in (("busy", 409), ("unknown", 404), ("closed", 409), ("broken", 503)):
        player.reply = reply(answer, "so it is").encode()
        assert start({"scenario": "x"}).status == status, answer
    player.reply = b"what?"
    assert start({"scenario": "x"}).status == 503
    player.reply = reply("accepted").encode()
    assert tower.ask("DELETE", "/api/v1/exercise", "analyst").status == 202 and player.asked[-1]["ask"] == "stop"
    point = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
    assert tower.ask("POST", "/api/v1/exercise/guest", "operator", {"passkey": point}).status == 202
    assert player.asked[-1]["passkey"] == bytes(range(64)).hex(), player.asked[-1]
    for wrong in ("", "A" * 88, "\"" * 88, point[:-4], point + "A"):
        assert tower.ask("POST", "/api/v1/exercise/guest", "operator", {"passkey": wrong}).status == 400, wrong
    acts = [(row["act"], row["subject"], row["is_allowed"]) for row in tower.ask("GET", "/api/v1/audit?limit=200", "inspector").json()["items"]]
    for act in (("exercise.start", "one-flood", True), ("exercise.start", "x", False), ("exercise.stop", "", True), ("exercise.join", "", True)):
        assert act in acts, (act, acts)


def what_no_table_knows_goes_no_further(tower, player):
    """A player that lies about its form is a player that does not answer; what was known stays, and is called old."""
    good = player.state
    run = STATE["runs"][0]
    for bad in (b"", b"x", b"{}", b"[" * 10000, good[:-1], good + b"\n" + good, b"a" * 400000, canonical({**STATE, "more": 1}).encode(),
                canonical({**STATE, "runs": [run] * 9}).encode(), canonical({**STATE, "runs": [{**run, "stage": "odd"}]}).encode(),
                canonical({**STATE, "runs": [{**run, "why": "\u202e"}]}).encode()):
        player.state = bad
        until(f"believed: {bad[:80]}", lambda: shown(tower)["player"] == "silent")
        old = shown(tower)
        assert old["runs"] == STATE["runs"] and not old["may_start"], old
        player.state = good
        until("not heard again", lambda: shown(tower)["player"] == "answers")


def main():
    api = Api(API_JSON)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        player = folder / "player.sock"
        tower = Tower(PROGRAM, folder, api, exercise=player)
        try:
            for role in ROLES:
                tower.account(role, role, "port" if role == "sender" else "")
            tower.start()
            nobody_plays(tower)
            player = Player(player)
            what_is_told_is_shown(tower, player)
            what_is_asked_is_handed_on(tower, player)
            what_no_table_knows_goes_no_further(tower, player)
            tower.stop()
        except BaseException:
            print(tower.log()[-3000:] if tower.process else "")
            raise
        finally:
            if tower.process and tower.process.poll() is None:
                tower.process.kill()


if __name__ == "__main__":
    main()
