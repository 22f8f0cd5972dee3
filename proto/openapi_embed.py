"""Turn openapi.yaml into a C file that holds it as JSON.

usage: openapi_embed.py openapi.yaml VERSION out.c
"""

import json
import sys

import yaml


class StrictLoader(yaml.SafeLoader):
    """YAML without duplicate keys, which PyYAML would silently let the last one win."""


def strict_mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", node.start_mark)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is no string", node.start_mark)
    return loader.construct_mapping(node, deep=True)


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, strict_mapping)


def c_string(text, width=100):
    """Lines of a string literal. No trigraphs and no hex escapes that could swallow the next digit: the text is ASCII."""
    for start in range(0, len(text), width):
        piece = text[start : start + width].replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
        yield f'    "{piece}"\n'


def main():
    source, version, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = yaml.load(file, Loader=StrictLoader)
    if document["info"]["version"] != version:
        sys.exit(f"{source}: info.version is {document['info']['version']}, the project is {version}")
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    with open(target, "w", encoding="ascii") as file:
        file.write('#include "proto/openapi.h"\n\nstatic const char document[] =\n')
        file.writelines(c_string(text))
        file.write("    ;\n\nconst char *proto_openapi_json(size_t *n)\n{\n")
        file.write("    *n = sizeof document - 1;\n    return document;\n}\n")


main()
