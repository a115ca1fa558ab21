#!/usr/bin/python3
"""Proves that what finding_write() writes satisfies schema/finding.json, and that the schema can refuse.

usage: finding_schema_test.py SCHEMA FINDING_TEST
FINDING_TEST --documents prints documents, one a line: an example, the fullest, and ones made of random bytes.
"""
import copy
import json
import subprocess
import sys

import jsonschema


def every_property_is_described(schema, path="$"):
    for name, part in schema.get("properties", {}).items():
        assert part.get("description"), f"{path}.{name} has no description"
        every_property_is_described(part, f"{path}.{name}")
    if "properties" in schema:
        assert schema["additionalProperties"] is False, path
        assert schema["required"] == sorted(schema["properties"]), path
    if isinstance(schema.get("items"), dict):
        every_property_is_described(schema["items"], path + "[]")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in [schema, *schema["$defs"].values()]:
        every_property_is_described(part)
    validator = jsonschema.Draft202012Validator(schema)
    output = subprocess.run([sys.argv[2], "--documents"], check=True, capture_output=True).stdout
    documents = [json.loads(line) for line in output.decode("utf-8").splitlines()]
    assert len(documents) > 20
    for document in documents:
        validator.validate(document)
    for name in documents[0]:
        broken = copy.deepcopy(documents[0])
        del broken[name]
        assert not validator.is_valid(broken), f"the schema does not miss {name}"
        broken[name] = {"unheard": "of"}
        assert not validator.is_valid(broken), f"the schema takes anything as {name}"
    assert not validator.is_valid({**documents[0], "unheard_of": 1})
    assert not validator.is_valid({**documents[0], "confidence": 101})
    print(f"{len(documents)} documents satisfy the schema")


main()
