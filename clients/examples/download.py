"""Large files over http(s) with the standard library alone: resumed after a cut, never mixed from two versions, checked before they
get their name.

fetch() writes PATH.part, and PATH.part.json with the URL and what the server calls this version of the file (a strong ETag or
Last-Modified). A later attempt asks for the rest of that version only; a server that has another one by then, or that knows no
ranges, sends the whole, and the part is written anew.
"""

import hashlib
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

PIECE = 1 << 18
PASSING = (408, 429, 500, 502, 503, 504)  # another attempt may help
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class Cut(Exception):
    """The transfer ended before the file did; what came is kept."""


class Refused(Exception):
    """Another attempt would end the same way."""


def fetch(url, path, check, max_bytes, tries=4, pause=2.0):
    """The file at url becomes path, if check(file) raises no Refused; returns its size."""
    if not url.startswith(("http://", "https://")):
        raise Refused(f"{url}: a URL that begins with http:// or https:// is expected")
    path = pathlib.Path(path)
    part, note = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json")
    for attempt in range(1, tries + 1):
        try:
            transfer(url, part, note, max_bytes)
            break
        except Cut as error:
            if attempt == tries:
                raise Refused(f"{url}: {error}, {tries} times; run again to go on from byte {size(part)}") from error
            print(f"  {path.name}: {error}; again from byte {size(part)}", file=sys.stderr)
            time.sleep(pause * attempt)
    try:
        check(part)
    except Refused:
        discard(part, note)
        raise
    os.replace(part, path)
    note.unlink(missing_ok=True)
    return size(path)


def transfer(url, part, note, max_bytes):
    have, version = resumable(url, part, note)
    headers = {"User-Agent": "mutuald-examples", "Accept-Encoding": "identity"}
    if have:
        headers.update({"Range": f"bytes={have}-", "If-Range": version})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            receive(answer, url, part, note, have, max_bytes)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and have:
                if error.headers.get("Content-Range", "").endswith(f"*/{have}"):
                    return  # it was whole already
                discard(part, note)
                raise Cut("the server's file has changed") from error
            kind = Cut if error.code in PASSING else Refused
            raise kind(f"{url}: HTTP {error.code} {error.reason}: {error.read(200).decode(errors='replace').strip()}") from error
    except (OSError, http.client.HTTPException) as error:  # URLError and timeouts are OSErrors
        raise Cut(str(getattr(error, "reason", None) or error or type(error).__name__)) from error


def resumable(url, part, note):
    """(bytes that need not come again, the version they are of)."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        if told["url"] == url and told["version"]:
            return size(part), told["version"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, None


def receive(answer, url, part, note, have, max_bytes):
    if answer.status == 206:
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise Refused(f"{url}: asked for bytes from {have}, was sent {answer.headers.get('Content-Range')!r}")
    else:
        have = 0
        discard(part)  # before the note: a note must never speak of another version's bytes
        tag = answer.headers.get("ETag") or ""
        version = tag if tag.startswith('"') else answer.headers.get("Last-Modified")
        note.write_text(json.dumps({"url": url, "version": version}), encoding="utf-8")
    length = answer.headers.get("Content-Length")
    expected = have + int(length) if length and length.isdigit() else None
    with open(part, "ab" if have else "wb") as file:
        while piece := answer.read(PIECE):
            have += len(piece)
            if have > max_bytes:
                file.close()
                discard(part, note)
                raise Refused(f"{url}: more than the {max_bytes} bytes that are expected at most (max_bytes)")
            file.write(piece)
            progress(f"{part.name} {have:,}{f' of {expected:,}' if expected else ''} bytes")
    progress("")
    if expected is not None and have < expected:
        raise Cut(f"{have} of {expected} bytes came")


def progress(text):
    if sys.stderr.isatty():
        print(f"\r  {text:70}\r", end="", file=sys.stderr, flush=True)


def size(path):
    return path.stat().st_size if path.exists() else 0


def discard(*paths):
    for path in paths:
        path.unlink(missing_ok=True)


# ---- what a file is ----


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def beginning(path):
    """The first line as something to show."""
    with open(path, "rb") as file:
        return repr(file.readline(160).decode(errors="replace").rstrip())


def check_hdf5(path):
    """It begins as HDF5 does, and is as long as its superblock says."""
    with open(path, "rb") as file:
        head = file.read(64)
    if not head.startswith(HDF5_SIGNATURE):
        raise Refused(f"not an HDF5 file; it begins with {beginning(path)}")
    version = head[8] if len(head) > 8 else 255
    # Where the end-of-file address stands, for 8-byte addresses: superblocks 0 and 1 differ by four bytes, 2 and 3 are alike.
    at, offset_bytes = {0: (40, 13), 1: (44, 13), 2: (28, 9), 3: (28, 9)}.get(version, (None, None))
    if at is None or len(head) < at + 8 or head[offset_bytes] != 8:
        raise Refused(f"an HDF5 file with a superblock that is not known here (version {version})")
    end = int.from_bytes(head[at:at + 8], "little")
    if size(path) < end:
        raise Refused(f"a truncated HDF5 file: {size(path)} bytes of {end}")


def check_tsv(path, columns):
    """Its first line names these columns, and its last line is whole."""
    with open(path, "rb") as file:
        found = file.readline(1 << 16).decode(errors="replace").rstrip("\r\n").split("\t")
        missing = [name for name in columns if name not in found]
        if missing:
            raise Refused(f"no table with the columns {', '.join(columns)}; it begins with {beginning(path)}")
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            raise Refused("a truncated table: its last line has no end")
