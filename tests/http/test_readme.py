"""What the README repeats from the program is what the program says."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTUALD = os.environ.get("MUTUALD_BIN", str(ROOT / "build/release/server/mutuald"))


def test_settings_in_the_readme_are_the_help_text():
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- help:begin.*?-->\n```\n(.*?)```\n<!-- help:end -->", readme, re.S)
    assert block, "README.md has no settings block"
    told = subprocess.run([MUTUALD, "--help"], capture_output=True, text=True, check=True).stdout
    assert block.group(1) == told, "regenerate the block: mutuald --help"
