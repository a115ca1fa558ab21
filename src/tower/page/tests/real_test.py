#!/usr/bin/env python3
"""The page before a real tower and a real authority: what is approved there with a passkey takes effect.

usage: real_test.py BUILD (meson's directory). Exits 77 where Node, its packages or Chromium are missing.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(sys.argv[1]).resolve()
PAGE = pathlib.Path(__file__).resolve().parent.parent
ROOT = PAGE.parent.parent.parent
PROGRAM, AUTHORITY = BUILD / "src/tower/hinomi-tower", BUILD / "src/authority/hinomi-authority"
DOCUMENT_TEST, FINDING_TEST = BUILD / "src/record/document_test", BUILD / "src/record/finding_test"
BUILT = BUILD / "src/tower/page/page"
sys.argv = ["whole_test.py", str(AUTHORITY), str(DOCUMENT_TEST)]
sys.path[:0] = [str(ROOT / "src/authority"), str(ROOT / "src/tower")]

import whole_test as authority  # noqa: E402
from tower_world import Api, Sender, Tower, finding_example  # noqa: E402


def port_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(tower):
    """As Tower.start(), which waits for a Unix socket."""
    with open(tower.folder / "log.txt", "a", encoding="utf-8") as log:
        tower.process = subprocess.Popen([PROGRAM, "--config", tower.folder / "conf"], stderr=log)
    for _ in range(1000):
        if "serving" in tower.log():
            return
        assert tower.process.poll() is None, tower.log()
        time.sleep(0.02)
    raise AssertionError("the tower does not answer")


def walk(world, tower, url):
    sender = Sender(tower.socket)
    assert "ack" in sender.tell(finding_example(FINDING_TEST))
    sender.close()
    effector = world.attach()
    order = authority.id_of(world.propose(urgent=False, finding="1" * 32))
    world.verb("approve", order, "hana")
    done = subprocess.run(["node", PAGE / "check.mjs", "real", url, world.folder / "passkey.pem", order], check=False, timeout=240,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    bundle = authority.bundle_of(effector, order)
    assert '"by":"taro"' in "".join(bundle["approvals"]), bundle["approvals"]
    effector.send(authority.receipt(bundle, "applied"))
    world.wait(order, "active")
    effector.close()


def main():
    chromium = os.environ.get("HINOMI_CHROMIUM", "/usr/bin/chromium")
    if not (shutil.which("node") and pathlib.Path(chromium).exists() and (BUILT / "index.html").exists()):
        print("no Node, no Chromium, or the page is not built")
        return 77
    port = port_free()
    url = f"http://localhost:{port}"
    authority.POLICY = authority.POLICY.replace("tower.example origin = \"https://tower.example\"", f"localhost origin = \"{url}\"")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "authority").mkdir()
        (folder / "tower").mkdir()
        world = authority.World(folder / "authority")
        tower = Tower(PROGRAM, folder / "tower", Api(ROOT / "schema/api.json"), policy=world.folder / "policy", authority=world.socket,
                      ledger=world.folder / "ledger", listen=f"127.0.0.1:{port}", origin=url, page=BUILT, proxy="no")
        tower.account("taro", "approver reader")
        world.start()
        start(tower)
        try:
            walk(world, tower, url)
        except BaseException:
            print(tower.log()[-3000:], (world.folder / "log.txt").read_text()[-2000:])
            raise
        finally:
            for process in (tower.process, world.process):
                process.kill()
                process.wait()
    print("an approval given on the page takes effect, and the ledger verifies there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
