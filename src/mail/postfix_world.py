"""A real Postfix with hinomi-mail before it, for tests and benches: configuration, queue, log and mailboxes in a directory of
their own, on loopback of the network namespace of this process. Whoever uses it enters namespaces first (also of processes), so
that nothing outlives it; Postfix itself is ended by its own master's pid.

Port 2525 goes through the milter, port 2526 does not.
"""
import os
import pathlib
import pwd
import re
import shutil
import smtplib
import subprocess
import time

PATIENCE_S = 20
MILTER_PORT, PLAIN_PORT = 2525, 2526
DOMAIN = "example.jp"

MAIN = """
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {place}/log/maillog
maillog_file_prefixes = {place}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {place}/boxes
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
alias_maps =
alias_database =
smtputf8_enable = no
message_size_limit = 67108864
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_milters = unix:hinomi/mail.sock
milter_default_action = accept
milter_protocol = 6
"""

MASTER = """
127.0.0.1:{milter_port} inet n - n - 200 smtpd
127.0.0.1:{plain_port} inet n - n - 200 smtpd -o smtpd_milters=
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def until(look, patience_s=PATIENCE_S):
    """Looks until there is an answer, or patience ends; returns the last answer."""
    end = time.monotonic() + patience_s
    while True:
        answer = look()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.01)


def answers(port):
    """Whether an SMTP server greets on this port."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=2):
            return True
    except OSError:
        return False


class Postfix:
    def __init__(self, place, port_offset=0):
        self.place = pathlib.Path(place)
        account = pwd.getpwnam("nobody")
        for name, owner in (("queue", "root"), ("data", "postfix"), ("etc", "root"), ("log", "root"), ("boxes", "nobody")):
            (self.place / name).mkdir(parents=True)
            shutil.chown(self.place / name, owner)
        self.place.chmod(0o755)
        values = {"place": self.place, "domain": DOMAIN, "uid": account.pw_uid, "gid": account.pw_gid,
                  "milter_port": MILTER_PORT + port_offset, "plain_port": PLAIN_PORT + port_offset}
        (self.place / "etc/main.cf").write_text(MAIN.format(**values))
        (self.place / "etc/master.cf").write_text(MASTER.format(**values))
        sockets = self.place / "queue/hinomi"  # as the systemd unit makes it
        sockets.mkdir()
        shutil.chown(sockets, "nobody", "postfix")
        sockets.chmod(0o2750)
        self.run("check")
        self.run("start")
        if not until(lambda: answers(PLAIN_PORT + port_offset)):
            raise RuntimeError("Postfix does not come up: " + self.log()[-2000:])

    def run(self, *words):
        return subprocess.run(["postfix", "-c", str(self.place / "etc"), *words], check=False, timeout=60, capture_output=True, text=True)

    def log(self):
        path = self.place / "log/maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        self.run("abort")

    def delivered(self):
        """Mails in the box, as bytes."""
        box = self.place / "boxes/inbox/new"
        return [path.read_bytes() for path in box.iterdir()] if box.exists() else []

    def held(self):
        """Mails on hold."""
        folder = self.place / "queue/hold"
        return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []

    def queued(self):
        return sum(1 for name in ("incoming", "active", "deferred", "maildrop") for path in (self.place / "queue" / name).rglob("*")
                   if path.is_file())


class Milter:
    """hinomi-mail milter as a process of ours."""

    def __init__(self, place, program, postfix=None, **options):
        """Before this Postfix; without one it listens in its own directory."""
        self.place, self.program = pathlib.Path(place), program
        self.place.mkdir(exist_ok=True)
        self.place.chmod(0o777)  # it becomes another user before it writes
        listen = (postfix.place / "queue/hinomi" if postfix else self.place) / "mail.sock"
        settings = {"socket": f'"unix:{listen}"', "metrics_file": f'"{self.place}/mail.prom"', "workers": 2, **options}
        self.config = self.place / "mail.conf"
        self.config.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        self.start()

    def start(self):
        with open(self.place / "stderr", "ab") as errors:
            self.process = subprocess.Popen([self.program, "milter", "--config", self.config], stderr=errors, umask=0o022)
        if not until(lambda: "mail_ready" in self.errors() or self.process.poll() is not None) or self.process.poll() is not None:
            raise RuntimeError("hinomi-mail does not come up: " + self.errors())

    def errors(self):
        return (self.place / "stderr").read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def children(self, pid):
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def keeper(self):
        return next(iter(self.children(self.process.pid)), None)

    def workers(self):
        keeper = self.keeper()
        return self.children(keeper) if keeper else []

    def counted(self, name, **labels):
        """A counter, once its file has been written anew."""
        path = self.place / "mail.prom"
        if not path.exists():
            return 0
        assert path.stat().st_mode & 0o777 == 0o644, "metrics are for everybody to read"
        wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
        found = re.search(r"^" + re.escape(wanted) + r" (\d+)$", path.read_text(), re.M)
        return int(found.group(1)) if found else 0


def swaks(port, mail, sender="someone@example.net"):
    """Sends one mail with swaks; returns its exit code and what it printed."""
    done = subprocess.run(["swaks", "--server", f"127.0.0.1:{port}", "--from", sender, "--to", f"a@{DOMAIN}", "--data", "-", "--silent", "2"],
                          input=mail.decode("latin-1"), capture_output=True, text=True, encoding="latin-1", timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def is_here():
    """Whether this machine has what it takes."""
    return os.geteuid() == 0 and all(shutil.which(word) for word in ("postfix", "swaks", "unshare"))
