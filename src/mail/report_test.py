#!/usr/bin/env -S python3 -B
"""Proves what an administrator is told of days, on days made here: report_test.py HINOMI_MAIL SCHEMA."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

MAIL, SCHEMA = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
DAY_MS = 86400000


def counts(name, **given):
    return {**dict.fromkeys(SCHEMA["properties"][name]["properties"], 0), **given}


def day(number, **given):
    made = {"document": "mail_day", "version": 1, "day_ms": number * DAY_MS, "actions": counts("actions", **{"pass": 100}),
            "kinds": counts("kinds"), "levels": counts("levels", L4=100), "unread": counts("unread"), "passed_unread": counts("passed_unread"),
            "over_budget": 0, "alerts_per_day": 20, "workers_started": 4, "forged_results": 0, "findings_lost": 0, "unmarked": 0, "rules": []}
    return {**made, **given}


def line(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def run(work, *argv, code=0):
    done = subprocess.run([MAIL, "report", "--config", work / "conf", *argv], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, (argv, done)
    return done


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        days = work / "days.jsonl"
        (work / "conf").write_text(f'report_file = "{days}"\n')
        assert "nothing is counted" in run(work, code=1).stderr
        bad = day(20002, actions=counts("actions", **{"pass": 50}, report=3, tag=2, quarantine=1), kinds=counts("kinds", impersonation=4, phishing=2),
                  unread=counts("unread", parts=7), passed_unread=counts("passed_unread", died=2, busy=1), over_budget=3, workers_started=9,
                  forged_results=5, unmarked=1, rules=[{"rule": "program", "mails": 1}, {"rule": "lookalike_sender", "mails": 4}])
        made = [day(20000 + at, alerts_per_day=0) for at in range(2)] + [bad] + [day(20003 + at) for at in range(7)]
        for one in made:
            jsonschema.validate(one, SCHEMA)
        days.write_text("".join(map(line, made)))
        documents = [json.loads(text) for text in run(work, "--json", "--days", "62").stdout.splitlines()]
        assert documents == made, "what the file has is what is told"
        assert len(run(work, "--json").stdout.splitlines()) == 7, "a week unless more is asked for"
        text = run(work, "--days", "8").stdout
        rows = {part.split()[0]: part.split()[1:] for part in text.splitlines() if part.startswith("2024")}
        assert len(rows) == 8 and rows["2024-10-06"][:6] == ["59", "50", "3", "2", "1", "3"], rows
        assert rows["2024-10-06"][6:] == ["3", "of", "20"], rows
        said = [part.split(None, 1) for part in text.splitlines() if part.startswith("  ")]
        for count, words in (("4", "impersonation"), ("3", "of them reported alone"), ("756", "L4"), ("7", "it has more parts than the limit"),
                             ("2", "passed unread: the worker died of it"), ("1", "passed unread: no worker was free in time"),
                             ("37", "workers started"), ("5", "Authentication-Results forged"), ("1", "mails that the mail server did not let us mark")):
            found = [one for one in said if one[1].startswith(words)]
            assert len(found) == 1 and (found[0][0] == count or words == "L4"), (words, found)
        assert text.index("lookalike_sender") < text.index("program"), "the most frequent first"
        assert "no bound" in run(work, "--days", "62").stdout
        assert "nothing" in run(work, "--days", "1").stdout
        broken = copy.deepcopy(made[0])
        broken["address"] = "taro@example.jp"
        days.write_text(line(broken) + "half a l\n" + line(made[3]))
        done = run(work, "--json", code=1)
        assert "2 lines are no days" in done.stderr and [json.loads(done.stdout)] == [made[3]]
        for argv in (["--days", "0"], ["--days", "63"], ["--days", "x"], ["--nothing"], ["file"]):
            assert "usage" in run(work, *argv, code=2).stderr, argv
        (work / "conf").write_text("")
        assert "report_file is not set" in run(work, code=1).stderr
        (work / "conf").write_text("report_file = nowhere\n")
        run(work, code=2)


main()
