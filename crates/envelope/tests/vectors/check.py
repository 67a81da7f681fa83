#!/usr/bin/env python3
"""An independent reader of envelope-v1.json: docs/envelope-format.md in Python.

Needs the package `cryptography`. Run: python3 check.py
"""
import hashlib
import hmac
import json
import pathlib
import struct
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(key, salt, info, length):
    prk = hmac.new(salt or bytes(64), key, hashlib.sha512).digest()
    okm, block, n = b"", b"", 1
    while len(okm) < length:
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha512).digest()
        okm, n = okm + block, n + 1
    return okm[:length]


def seal(key, info, aad, plaintext, random):
    salt = hmac.new(hkdf(key, b"", b"hedge", 32), random + aad + plaintext, hashlib.sha256).digest()
    derived = hkdf(key, salt, info, 76)
    return salt + derived[44:] + AESGCM(derived[:32]).encrypt(derived[32:44], plaintext, aad)


def unseal(key, info, aad, body):
    derived = hkdf(key, body[:32], info, 76)
    assert hmac.compare_digest(derived[44:], body[32:64])
    return AESGCM(derived[:32]).decrypt(derived[32:44], body[64:], aad)


def field(value):
    return struct.pack(">I", len(value)) + value


def authenticated(header, cell):
    return (
        b"coffer/envelope/v1" + header
        + field(uuid.UUID(cell["tenant"]).bytes) + field(struct.pack(">H", cell["table"]))
        + field(uuid.UUID(cell["row"]).bytes) + field(struct.pack(">H", cell["column"]))
        + field(struct.pack(">H", cell["purpose"])) + field(struct.pack(">Q", int(cell["generation"])))
    )


def wrap_context(installation, wrap):
    values = [installation, wrap["tenant"], wrap["key"], str(wrap["version"]), wrap["purpose"]]
    return b"coffer/wrap/v1" + b"".join(struct.pack(">Q", len(v)) + v.encode() for v in values)


def main():
    document = json.loads((pathlib.Path(__file__).parent / "envelope-v1.json").read_text())
    given = bytes.fromhex(document["kek"])
    kek = hkdf(given, b"", b"local-kek/v1", 32)
    kek_ref = "local:" + hkdf(given, b"", b"local-kek/fingerprint/v1", 32)[:8].hex()
    keys = {}
    for wrap in document["wraps"]:
        key, blob = bytes.fromhex(wrap["data_key"]), bytes.fromhex(wrap["blob"])
        context = wrap_context(document["installation"], wrap)
        assert wrap["kek_ref"] == kek_ref
        assert unseal(kek, b"wrap/v1", context, blob[1:]) == key
        assert blob == b"\x01" + seal(kek, b"wrap/v1", context, key, bytes.fromhex(wrap["random"]))
        keys[wrap["tenant"], wrap["purpose"]] = (uuid.UUID(wrap["key"]).bytes, key)
    for vector in document["positive"]:
        cell, envelope = vector["cell"], bytes.fromhex(vector["envelope"])
        key_id, key = keys[cell["tenant"], "seal"]
        header = b"\xe7\x01\x02\x00" + key_id
        info = b"seal/v1" + struct.pack(">H", cell["purpose"])
        plaintext, random = bytes.fromhex(vector["plaintext"]), bytes.fromhex(vector["random"])
        aad = authenticated(header, cell)
        assert envelope[:20] == header and unseal(key, info, aad, envelope[20:]) == plaintext, vector["name"]
        assert envelope == header + seal(key, info, aad, plaintext, random), vector["name"]
    lookup = keys[document["positive"][0]["cell"]["tenant"], "lookup"][1]
    for vector in document["lookups"]:
        label, value = vector["label"].encode(), bytes.fromhex(vector["value"])
        mac = lambda kind: hmac.new(hkdf(lookup, b"", kind + label, 32), value, hashlib.sha256).hexdigest()
        assert vector["hash"] == mac(b"lookup/v1") and vector["fingerprint"] == mac(b"index/v1")[:32]
    print("wraps, positive and lookups agree")


main()
