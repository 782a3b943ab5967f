"""Checks a ledger archive with hashlib, cryptography and pymerkle: nothing of ours.

archive.py FOLDER CLAIMS VKEY...

CLAIMS is a JSON file with what our implementation says: the root at every size, some proofs.
Prints "ok" and the root; any disagreement is an exception.
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from pymerkle import InmemoryTree, verify_consistency


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def path_of(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def tile_path(kind, index, width):
    return f"tile/{kind}/{path_of(index)}" + ("" if width == 256 else f".p/{width}")


def open_checkpoint(note, vkeys):
    text, lines = note.decode().rsplit("\n\n", 1)
    origin, size, root = text.split("\n")
    made = {}
    for line in lines.splitlines():
        dash, name, signature = line.split(" ")
        assert dash == "\u2014"
        raw = base64.b64decode(signature, validate=True)
        made[name, raw[:4].hex()] = raw[4:]
    for vkey in vkeys:
        name, key_id, key = vkey.split("+", 2)
        raw = base64.b64decode(key, validate=True)
        assert sha256(name.encode() + b"\n" + raw)[:4].hex() == key_id, "the key's id"
        signature = made[name, key_id]
        if raw[0] == 1:
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, (text + "\n").encode())
        elif raw[0] == 4:
            (time,) = struct.unpack(">Q", signature[:8])
            message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[8:], message)
        else:
            assert raw[0] == 6
            who, log = name.encode(), origin.encode()
            message = b"subtree/v1\n\0" + bytes([len(who)]) + who + signature[:8] + bytes([len(log)]) + log
            message += struct.pack(">QQ", 0, int(size)) + base64.b64decode(root)
            MLDSA44PublicKey.from_public_bytes(raw[1:]).verify(signature[8:], message)
    return int(size), base64.b64decode(root)


def entries_of(folder, size):
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        data = (folder / tile_path("entries", index, width)).read_bytes()
        for _ in range(width):
            (length,) = struct.unpack(">H", data[:2])
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert not data
    return entries


def check_tiles(folder, leaves):
    level, hashes = 0, leaves
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            tile = hashes[256 * index : 256 * index + 256]
            assert (folder / tile_path(level, index, len(tile))).read_bytes() == b"".join(tile), (level, index)
        hashes = [root_of(hashes[n : n + 256]) for n in range(0, len(hashes) - 255, 256)]
        level += 1


def check_proofs(entries, claims):
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(entries)
    for size, root in enumerate(claims["roots"]):
        assert tree.get_state(size).hex() == root, f"root at {size}"
    for claim in claims["inclusion"]:
        theirs = tree.prove_inclusion(claim["index"] + 1, claim["size"])
        assert [sibling.hex() for sibling in theirs.path[1:]] == claim["proof"], claim
    for claim in claims["consistency"]:
        theirs = tree.prove_consistency(claim["old"], claim["new"])
        old, new = (bytes.fromhex(claims["roots"][claim[which]]) for which in ("old", "new"))
        verify_consistency(old, new, theirs)


def main(folder, claims, *vkeys):
    folder = pathlib.Path(folder)
    size, root = open_checkpoint((folder / "checkpoint").read_bytes(), vkeys)
    entries = entries_of(folder, size)
    leaves = [sha256(b"\x00" + entry) for entry in entries]
    assert root_of(leaves) == root, "the entries do not lead to the signed root"
    check_tiles(folder, leaves)
    check_proofs(entries, json.loads(pathlib.Path(claims).read_text()))
    for entry in entries:
        assert json.loads(entry)["v"] == 1
    print("ok", root.hex())


main(*sys.argv[1:])
