#!/usr/bin/python3
"""Proves that documents of orders satisfy their schemas, and that the schemas can refuse.

usage: document_schema_test.py SCHEMA_FOLDER DOCUMENT_TEST
DOCUMENT_TEST --documents KIND prints examples, one a line, which its own test reads and writes again to the same text.
"""
import copy
import json
import pathlib
import subprocess
import sys

import jsonschema

KINDS = ("countermeasure", "order", "standing_order", "approval", "receipt", "health", "bundle", "withdrawal",
         "mail_finding")


def every_property_is_described(schema, path="$"):
    for name, part in schema.get("properties", {}).items():
        assert part.get("description"), f"{path}.{name} has no description"
        every_property_is_described(part, f"{path}.{name}")
    if "properties" in schema:
        assert schema["additionalProperties"] is False, path
    if isinstance(schema.get("items"), dict):
        every_property_is_described(schema["items"], path + "[]")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def main():
    folder = pathlib.Path(sys.argv[1])
    rule = read(folder / "rule.json")
    for kind in KINDS:
        schema = read(folder / f"{kind}.json")
        every_property_is_described(schema)
        # Rules are defined in a schema of their own; jsonschema does not resolve references between urn: identifiers.
        text = json.dumps(schema).replace(rule["$id"] + "#", "#")
        schema = {**json.loads(text), "$defs": rule["$defs"]}
        del schema["$id"]
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        lines = subprocess.run([sys.argv[2], "--documents", kind], check=True, capture_output=True).stdout.decode("utf-8").splitlines()
        assert lines, kind
        documents = [json.loads(line) for line in lines]
        used = set().union(*documents)
        unused = set(schema["properties"]) - used - {"standing"}  # an order has one of standing and urgent
        assert not unused, f"{kind}: no example has {unused}"
        for document in documents:
            validator.validate(document)
            branch = "then" if document.get("class") == schema.get("if", {}).get("properties", {}).get("class", {}).get("const", "") else "else"
            required = {*schema["required"], *schema.get(branch, {}).get("required", [])}
            for name in document:
                broken = copy.deepcopy(document)
                del broken[name]
                assert validator.is_valid(broken) == (name not in required), f"{kind}: {name} left out"
                broken[name] = {"unheard": "of"}
                assert not validator.is_valid(broken), f"the schema of {kind} takes anything as {name}"
            assert not validator.is_valid({**document, "unheard_of": 1}), kind
        print(f"{kind}: {len(documents)} documents satisfy the schema")


main()
