#!/usr/bin/env python3
"""write_day.py DAY TOOLS: the table of a day of mail (day.txt) as rows of struct mailbox_mail, in C, on standard output.

TOOLS is the folder of make_files.py, which makes the attachments: nothing in them does anything when opened. With --mails DIRECTORY
before DAY it writes the mails into that directory instead, to look at them: past/ and sent/ for `hinomi-mail learn`, day/ and aim/ for
`hinomi-mail scan`.

| line | meaning |
|---|---|
| `person: NAME,KANA,ROMAJI,ADDRESSES,TITLE,ORGANISATION` | a row of the directory of protected people |
| `from KEY: NAME | ADDRESS | MAILER | PAST` | a sender, and how many days ago there were mails; `both`: we answered each |
| `= KEY > RECIPIENT | SUBJECT` | an ordinary mail; the first one is played first |
| `! KEY > RECIPIENT | SUBJECT` | one that is aimed at us |
| `+ link URL` | the address that `{u}` in the text stands for |
| `+ zip NAME: MEMBER, ...`, `+ ezip ...`, others of make_files.py | an attachment |
| `+ answers` | to a mail of ours to this sender |
| `+ reply-to ADDRESS` | answers go there |
| all else | the text |
"""
import base64
import datetime
import email.header
import hashlib
import pathlib
import random
import sys

DOMAIN = "example.jp"
HOSTS_MAX = 8  # as mailbox_day.h has it
PACKED = datetime.datetime(2026, 1, 15, 9, 0, 0, tzinfo=datetime.timezone.utc)  # of what is inside of archives
DATE = "\0"  # stands for the date, which is told when the mail is sent
ZONES = {"thunderbird": 540, "outlook": 540, "web": 540, "bulk": 540, "thunderbird-uk": 0, "outlook-uk": 0, "web-us": -300, "bulk-us": -300}
PAST = [("先日の御礼", "お世話になっております。先日はありがとうございました。\n頂いた資料は大変参考になりました。\n"),
        ("日程について", "お世話になっております。\n次回は来月の第一週でいかがでしょうか。\n"),
        ("ご確認のお願い", "議事録の案をお送りします。\n誤りがあればお知らせください。\n")]
PAST_EN = [("Thank you", "Thank you for last week. The notes were very useful.\n"),
           ("Dates", "Would the first week of next month suit you?\n"), ("Minutes", "Please let me know if anything in the minutes is wrong.\n")]


def token(*of):
    return hashlib.blake2b("/".join(map(str, of)).encode(), digest_size=9).hexdigest()


def word(text):
    """A header's text: encoded where it is not ASCII."""
    return text if text.isascii() else email.header.Header(text, "utf-8", maxlinelen=70).encode().replace("\n ", "\r\n ")


def mailbox(name, address):
    return f"{word(name)} <{address}>" if name else address


def lines_of(data):
    return base64.encodebytes(data).decode().replace("\n", "\r\n")


def part(kind, data, more=""):
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{lines_of(data)}"


def page(text, url):
    rows = "".join(f"<p>{line}</p>\n" for line in text.replace("{u}", f'<a href="{url}">{url}</a>').splitlines() if line)
    return f"<!DOCTYPE html>\n<html><body>\n{rows}</body></html>\n".encode()


def bodies(mail, files):
    """What the mail consists of: its fields, and its parts below."""
    plain = part('text/plain; charset="utf-8"', mail["text"].replace("{u}", mail["url"]).encode())
    mailer = mail["from"]["mailer"].split("-")[0]
    edge = token("edge", mail["id"])
    if mailer in ("bulk", "web"):
        html = part('text/html; charset="utf-8"', page(mail["text"], mail["url"]))
        inner = f"al{edge}"
        plain = f'Content-Type: multipart/alternative; boundary="{inner}"\r\n\r\n--{inner}\r\n{plain}--{inner}\r\n{html}--{inner}--\r\n'
    if not files:
        return plain
    rest = "".join(f"--mx{edge}\r\n" + part(f'{kind}; name="{word(name)}"', data, f'Content-Disposition: attachment; filename="{word(name)}"\r\n')
                   for name, kind, data, *_ in files)
    return f'Content-Type: multipart/mixed; boundary="mx{edge}"\r\n\r\n--mx{edge}\r\n{plain}{rest}--mx{edge}--\r\n'


def whole(mail, files):
    """The mail as its sender's program builds it."""
    mailer = mail["from"]["mailer"].split("-")[0]
    ident, to = f"<{mail['id']}>", mailbox("", mail["to"])
    shown = mailbox(mail["from"]["name"], mail["from"]["address"])
    subject = word(mail["subject"])
    reply = f"Reply-To: {mail['reply_to']}\r\n" if mail["reply_to"] else ""
    thread = f"In-Reply-To: <{mail['answers']}>\r\nReferences: <{mail['answers']}>\r\n" if mail["answers"] else ""
    if mailer == "thunderbird":
        head = (f"Message-ID: {ident}\r\nDate: {DATE}\r\nMIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\nSubject: {subject}\r\nTo: {to}\r\n"
                f"{thread}From: {shown}\r\n{reply}")
    elif mailer == "outlook":
        head = (f"From: {shown}\r\nTo: {to}\r\n{reply}Subject: {subject}\r\nThread-Topic: {subject}\r\nDate: {DATE}\r\nMessage-ID: {ident}\r\n{thread}"
                "Content-Language: ja-JP\r\nX-MS-Has-Attach:\r\nMIME-Version: 1.0\r\n")
    elif mailer == "bulk":
        domain = mail["from"]["address"].split("@")[1]
        head = (f"Date: {DATE}\r\nFrom: {shown}\r\nTo: {to}\r\n{reply}Message-ID: {ident}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
                f"List-Id: <news.{domain}>\r\nList-Unsubscribe: <https://www.{domain}/leave>\r\nPrecedence: bulk\r\n")
    else:
        head = f"MIME-Version: 1.0\r\n{thread}From: {shown}\r\n{reply}Date: {DATE}\r\nMessage-ID: {ident}\r\nSubject: {subject}\r\nTo: {to}\r\n"
    text = head + bodies(mail, files)
    assert text.isascii() and not any(line.startswith((".", "From ")) for line in text.split("\r\n")), mail["id"]
    return text


def blank(sender, to, subject, ident, **more):
    return {"from": sender, "to": to, "subject": subject, "id": ident, "text": "", "url": "", "orders": [], "answers": "", "reply_to": "",
            "days": 0, "is_sent": False, "is_aimed": False, **more}


def past_of(key, sender):
    """The mails that were before: theirs, and ours."""
    domain, mails = sender["address"].split("@")[1], []
    texts = PAST_EN if sender["mailer"].endswith(("-uk", "-us")) else PAST
    for number, days in enumerate(sender["past"]):
        subject, text = texts[number % len(texts)]
        theirs = blank(sender, sender["to"], subject, f"{token(key, 'past', days)}@{domain}", text=text, days=days)
        mails.append(theirs)
        if sender["is_both"]:
            us = {"name": "", "address": sender["to"], "mailer": "thunderbird"}
            mails.append(blank(us, sender["address"], "Re: " + subject, f"{token(key, 'sent', days)}@{DOMAIN}", text=text, days=days - 1,
                               is_sent=True, answers=theirs["id"]))
    return mails


def read(path):
    """The directory's rows, and all mails: those of the past first."""
    people, senders, day = [], {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        if line.startswith("person: "):
            people.append(line[8:])
        elif line.startswith("from "):
            key, _, rest = line[5:].partition(": ")
            name, address, mailer, past = (word.strip() for word in rest.split("|"))
            days = [int(one) for one in past.split() if one.isdigit()]
            senders[key] = {"name": name, "address": address, "mailer": mailer, "past": days, "is_both": "both" in past, "to": ""}
        elif line[:2] in ("= ", "! "):
            head, _, subject = line[2:].partition(" | ")
            key, to = head.split(" > ")
            sender, address = senders[key], f"{to}@{DOMAIN}"
            sender["to"] = sender["to"] or address
            ident = f"{token(key, len(day))}@{sender['address'].split('@')[1]}"
            day.append(blank(sender, address, subject, ident, is_aimed=line[0] == "!", key=key))
        elif line == "+ answers":
            day[-1]["answers"] = f"{token(day[-1]['key'], 'sent', day[-1]['from']['past'][-1])}@{DOMAIN}"
        elif line.startswith("+ link "):
            day[-1]["url"] = line[7:]
        elif line.startswith("+ reply-to "):
            day[-1]["reply_to"] = line[11:]
        elif line.startswith("+ "):
            day[-1]["orders"].append(line[2:])
        elif day:
            day[-1]["text"] += line + "\n"
    past = [mail for key, sender in senders.items() for mail in past_of(key, sender)]
    return people, past, day


def literal(text):
    """C string literals, one a line of the text."""
    out = []
    for line in text.splitlines(keepends=True):
        escaped = "".join({"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n"}.get(c, c) for c in line)
        out.append(f'"{escaped}"')
    return "\n\t".join(out) or '""'


def row(mail, files, hosts):
    head, rest = whole(mail, files).split(DATE)
    domain = mail["from"]["address"].split("@")[1]
    if domain not in hosts:
        hosts[domain] = len(hosts) % HOSTS_MAX
    return (f'{{.id = "{mail["id"]}", .host = {hosts[domain]}, .from = "{mail["from"]["address"]}", .to = "{mail["to"]}",\n'
            f'\t.days_before = {mail["days"]}, .zone_minutes = {ZONES[mail["from"]["mailer"]]}, .is_sent = {str(mail["is_sent"]).lower()}, '
            f'.is_aimed = {str(mail["is_aimed"]).lower()},\n\t.head = {literal(head)},\n\t.rest = {literal(rest)}}},')


def written(place, mail, files):
    """One mail as a file, to look at."""
    folder = place / ("sent" if mail["is_sent"] else "past" if mail["days"] else "aim" if mail["is_aimed"] else "day")
    folder.mkdir(parents=True, exist_ok=True)
    zone = datetime.timezone(datetime.timedelta(minutes=ZONES[mail["from"]["mailer"]]))
    date = f"{datetime.datetime.now(zone) - datetime.timedelta(days=mail['days']):%a, %d %b %Y %H:%M:%S %z}"
    (folder / f"{mail['id']}.eml").write_bytes(f"Received: from a.example by mx.{DOMAIN}; {date}\r\n{whole(mail, files)}".replace(DATE, date).encode())


def main():
    arguments = sys.argv[1:]
    place = pathlib.Path(arguments[1]) if arguments[0] == "--mails" else None
    day_path, tools = arguments[-2:]
    sys.dont_write_bytecode = True
    sys.path.insert(0, tools)
    from make_files import attachment  # pylint: disable=import-outside-toplevel

    people, past, day = read(pathlib.Path(day_path))
    hosts = {}
    if place is None:
        print("static const char people_text[] =\n\t" + literal("name,kana,romaji,mail,title,organisation\n" + "".join(f"{one}\n" for one in people)) + ";")
        print("static const struct mailbox_mail mails[] = {")
    else:
        place.mkdir(parents=True)
        (place / "people.csv").write_text("name,kana,romaji,mail,title,organisation\n" + "".join(f"{one}\n" for one in people), encoding="utf-8")
    for mail in past + day:
        files = [attachment(order, random.Random(mail["id"]), PACKED) for order in mail["orders"]]
        if place is None:
            print(row(mail, files, hosts))
        else:
            written(place, mail, files)
    if place is None:
        print("};")


main()
