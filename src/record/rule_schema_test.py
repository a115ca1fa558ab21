#!/usr/bin/python3
"""Proves that rules as rule_list_write() writes them satisfy schema/rule.json, and that the schema can refuse.

usage: rule_schema_test.py SCHEMA RULE_TEST
RULE_TEST --documents prints rules, one a line, which its own test reads and writes again to the same text.
"""
import json
import subprocess
import sys

import jsonschema

CONTRADICTIONS = [  # what the schema can tell; src/record/rule.c refuses more
    {"action": "drop"},
    {"action": "limit", "destination": "192.0.2.1"},
    {"action": "drop", "destination": "192.0.2.1", "limit": {"per": "whole", "pps": 1}},
    {"action": "limit", "destination": "192.0.2.1", "limit": {"per": "whole", "pps": 1, "bps": 8000}},
    {"action": "drop", "destination": "192.0.2.1", "source_ports": [53, 53]},
    {"action": "drop", "destination": "192.0.2.1", "length_bytes": [1, 2, 3]},
    {"action": "drop", "destination": "192.0.2.1", "protocol": 17, "signature": "none"},
    {"action": "drop", "destination": "192.0.2.1", "unheard_of": 1},
    {"action": "drop", "destination": "example.org"},
]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, part in schema["$defs"]["rule"]["properties"].items():
        assert part.get("description"), f"{name} has no description"
    validator = jsonschema.Draft202012Validator(schema)
    output = subprocess.run([sys.argv[2], "--documents"], check=True, capture_output=True).stdout
    rules = [json.loads(line) for line in output.decode("utf-8").splitlines()]
    used = set().union(*rules)
    assert used == set(schema["$defs"]["rule"]["properties"]), "a member that no example has"
    for rule in rules:
        validator.validate(rule)
    for rule in CONTRADICTIONS:
        assert not validator.is_valid(rule), f"the schema takes {rule}"
    print(f"{len(rules)} rules satisfy the schema")


main()
