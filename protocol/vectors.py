#!/usr/bin/env python3
"""Golden bytes of the protocol, written from PROTOCOL.md and MESSAGES.md, sharing no code with the TypeScript.

    python3 protocol/vectors.py > protocol/vectors.json

Needs nothing but the standard library. AES-256-GCM is written out here and checked against the published cases of McGrew and
Viega, ChaCha20-Poly1305 against RFC 8439, 2.8.2, HKDF against RFC 5869, A.1.
"""
import hashlib
import hmac
import json
import struct
import zlib

# ---- COBS ----


def cobs(data):
    """Cuts into groups before each zero; groups of 254 stand without one."""
    out = bytearray()
    block = bytearray()
    pending = True  # a block has to be written even when it is empty
    for byte in data:
        if byte == 0:
            out += bytes([len(block) + 1]) + block
            block = bytearray()
            pending = True
        else:
            block.append(byte)
            pending = True
            if len(block) == 254:
                out += b"\xff" + block
                block = bytearray()
                pending = False
    if pending:
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def nonzero(count):
    return bytes(index % 255 + 1 for index in range(count))


COBS_CASES = [
    ("empty", b""),
    ("one zero", b"\0"),
    ("two zeros", b"\0\0"),
    ("one byte", b"\x11"),
    ("zero between", bytes.fromhex("11220033")),
    ("zeros around", bytes.fromhex("0011000000")),
    ("253 bytes", nonzero(253)),
    ("254 bytes", nonzero(254)),
    ("254 bytes and a zero", nonzero(254) + b"\0"),
    ("a zero and 254 bytes", b"\0" + nonzero(254)),
    ("255 bytes", nonzero(255)),
    ("253 bytes and a zero", nonzero(253) + b"\0"),
    ("508 bytes", nonzero(508)),
    ("509 bytes", nonzero(509)),
    ("300 zeros", bytes(300)),
    ("mixed", bytes((index * 7) % 256 for index in range(1000))),
]

# ---- frames ----

FIRST, LAST = 8, 4
IDS = (0x1122334455667788, 0x99AABBCCDDEEFF01)


def mark(sender, receiver):
    return zlib.crc32(struct.pack("<QQ", sender, receiver))


def frame(kind, sequence, payload, mark_value):
    body = struct.pack("<BH", kind, sequence) + payload
    check = zlib.crc32(body) ^ mark_value
    return cobs(body + struct.pack("<I", check)) + b"\0"


def open_payload(flags, own, peer, following, window, payload, message):
    return struct.pack("<BBQQHHHHHII", 1, flags, own, peer, *following, window, payload, message, 0)


def number(value):
    low = bytearray()
    while value >= 0x80:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(low) + bytes([value])


def acknowledgement(records):
    out = b""
    for queue, following, runs in records:
        encoded = b"".join(number(run) for run in runs)
        out += struct.pack("<BH", queue << 6 | len(encoded), following) + encoded
    return out


def frames():
    outward = mark(*IDS)
    units = bytes(range(64))
    cases = []
    for name, kind, sequence, payload in [
        ("control, whole message", 0x00 | FIRST | LAST, 0, b"freeze"),
        ("host I/O, first fragment", 0x10 | FIRST, 65535, units),
        ("replication, middle fragment", 0x20, 0x1234, units * 3),
        ("replication, last fragment", 0x20 | LAST, 0x1237, b"\0\0end"),
        ("empty message", 0x00 | FIRST | LAST, 7, b""),
        ("acknowledgement", 0x40, 0, acknowledgement([(0, 5, []), (2, 65530, [64, 1, 300, 128])])),
    ]:
        cases.append({"name": name, "kind": kind, "sequence": sequence, "payload": payload.hex(), "mark": outward,
                      "encoded": frame(kind, sequence, payload, outward).hex()})
    for name, payload in [
        ("open, nobody known", open_payload(1, IDS[0], 0, (0, 0, 0), 16384, 64, 1114146)),
        ("open, resuming", open_payload(2, IDS[0], IDS[1], (3, 0xFFFE, 512), 128, 1, 4096)),
    ]:
        cases.append({"name": name, "kind": 0x80, "sequence": 0, "payload": payload.hex(), "mark": 0,
                      "encoded": frame(0x80, 0, payload, 0).hex()})
    return cases


# ---- messages ----

ROLE = {"host": 1, "main": 2, "sub": 3, "disk": 4}
METHOD = {"copy": 1, "differential": 2, "streaming": 3}
STATE = {"SMPL": 0, "COPY": 1, "PAIR": 2, "PSUS": 3, "SSUS": 4, "PSUE": 5, "SSWS": 6}


def fixed(length, start=1):
    return bytes((start + index) % 256 for index in range(length))


def put(kind, value):
    if kind in ("u8", "u16", "u32", "u64"):
        return struct.pack({"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}[kind], value)
    if kind == "flag":
        return b"\1" if value else b"\0"
    if kind == "fixed":
        return value
    if kind == "bytes":
        return struct.pack("<I", len(value)) + value
    if kind == "text":
        return struct.pack("<H", len(value.encode())) + value.encode()
    if isinstance(kind, dict):  # a table of names
        return bytes([kind[value]])
    if kind[0] == "list":
        return struct.pack("<I", len(value)) + b"".join(put(kind[1], each) for each in value)
    if kind[0] == "group":
        return b"".join(put(each, value[name]) for name, each in kind[1])
    raise ValueError(kind)


def message(tag, fields):
    body = struct.pack("<H", tag) + b"".join(put(kind, value) for _, kind, value in fields)
    return body + struct.pack("<I", zlib.crc32(body, 0x434F4C44))


G, E, R = ("generation", "u32", 7), ("epoch", "u32", 2), ("request", "u32", 0x01020304)
V, B = ("volume", "u8", 1), ("first", "u64", 0x1_0000_0002)
CODE = ("code", "u16", 80)
LINE = ("group", [("name", "text"), ("up", "flag"), ("refused", "u16")])
HELD = ("group", [("chunk", "u64"), ("held", "fixed"), ("digest", "fixed")])
DIFFER = ("group", [("chunk", "u64"), ("blocks", "fixed")])

MESSAGES = [
    ("hello", 0x01, [("version", "u16", 1), ("role", ROLE, "main"), ("capabilities", "u32", 1), ("keyed", "flag", True),
                     ("salt", "fixed", fixed(32))]),
    ("proof", 0x02, [("peerSalt", "fixed", fixed(32, 64))]),
    ("refused", 0x03, [R, ("code", "u16", 48), ("detail", "text", "generation 7 – läuft")]),
    ("sealed", 0x04, [("counter", "u64", 2**53 - 1), ("ciphertext", "bytes", fixed(21))]),
    ("command", 0x10, [("tag", "u32", 9), ("lun", "u16", 1), ("attribute", {"simple": 0, "headOfQueue": 1, "ordered": 2}, "ordered"),
                       ("cdb", "bytes", fixed(16)), ("dataOutBytes", "u32", 4096), ("dataInBytesMax", "u32", 0),
                       ("dataCheck", "u32", 0xDEADBEEF)]),
    ("transferReady", 0x11, [("tag", "u32", 9), ("offset", "u32", 512), ("length", "u32", 65536)]),
    ("dataOut", 0x12, [("tag", "u32", 9), ("offset", "u32", 512), ("data", "bytes", bytes(16))]),
    ("dataIn", 0x13, [("tag", "u32", 9), ("offset", "u32", 0), ("data", "bytes", fixed(3))]),
    ("response", 0x14, [("tag", "u32", 9), ("status", "u8", 2), ("sense", "bytes", fixed(18)), ("dataInBytes", "u32", 3),
                        ("dataCheck", "u32", 5)]),
    ("taskManagement", 0x15, [R, ("function", {"logicalUnitReset": 8}, "logicalUnitReset"), ("lun", "u16", 0),
                              ("managedTag", "u32", 9)]),
    ("taskResponse", 0x16, [R, ("response", {"succeeded": 8}, "succeeded")]),
    ("freeze", 0x20, [R, ("token", "fixed", fixed(16))]),
    ("frozen", 0x21, [R, E, G, ("included", ("list", "u32"), [9, 10, 0xFFFFFFFF])]),
    ("getStatus", 0x22, [R]),
    ("status", 0x23, [R, ("role", ROLE, "sub"), ("pairState", STATE, "SSWS"), ("reason", "u16", 0), ("pair", "fixed", fixed(16)), E,
                      ("method", METHOD, "streaming"), ("blockBytes", "u32", 4096), ("volumes", ("list", "u64"), [2**40, 512]),
                      ("frozen", "u32", 8), ("committed", "u32", 7), ("structured", "u32", 6), ("failed", "u32", 5),
                      ("failedReason", "u16", 81), ("commitDigest", "fixed", fixed(16, 100)), ("blocksTotal", "u64", 11),
                      ("blocksSent", "u64", 12), ("deferredBlocks", "u64", 13), ("changedBlocks", "u64", 14),
                      ("unstructuredBlocks", "u64", 15), ("shadowSlots", "u64", 16), ("shadowSlotsFree", "u64", 17),
                      ("hostStallUsMax", "u64", 18),
                      ("lines", ("list", LINE), [{"name": "remote", "up": True, "refused": 0}, {"name": "", "up": False, "refused": 0x0102}])]),
    ("wait", 0x24, [R, G, ("target", {"committed": 1, "structured": 2}, "structured")]),
    ("waited", 0x25, [R, G, ("reason", "u16", 0)]),
    ("getDigests", 0x26, [R, G, V, B, ("count", "u64", 1000), ("partBlocks", "u64", 64)]),
    ("digests", 0x27, [R, G, ("digests", ("list", "fixed"), [fixed(16), bytes(16)])]),
    ("suspend", 0x28, [R]),
    ("resync", 0x29, [R]),
    ("takeover", 0x2A, [R, ("force", "flag", False)]),
    ("failback", 0x2B, [R, ("discard", "flag", True)]),
    ("done", 0x2C, [R, E, G, ("effect", "flag", True)]),
    ("pairing", 0x40, [("pair", "fixed", fixed(16)), E, ("method", METHOD, "copy"), ("blockBytes", "u32", 8192),
                       ("volumes", ("list", "u64"), [4096]), ("frozen", "u32", 8), ("committed", "u32", 7),
                       ("commitDigest", "fixed", fixed(16, 9)), ("structured", "u32", 7), ("state", STATE, "PAIR"),
                       ("receiving", "u32", 8), ("takenOver", "flag", False), ("runBytesMax", "u32", 65536),
                       ("windowBytes", "u32", 1 << 20)]),
    ("begin", 0x41, [E, G, ("base", "u32", 6), ("full", "flag", False), ("state", STATE, "COPY")]),
    ("blockRun", 0x42, [("run", "u32", 3), G, V, B, ("count", "u32", 5), ("digest", "fixed", fixed(16)),
                        ("data", "bytes", fixed(40))]),
    ("zeroRun", 0x43, [("run", "u32", 4), G, V, B, ("count", "u64", 2**32)]),
    ("stored", 0x44, [G, ("runs", ("list", "u32"), [3, 4])]),
    ("runRefused", 0x45, [G, ("run", "u32", 3), CODE]),
    ("complete", 0x46, [G, ("blocks", "u64", 10), ("zeroBlocks", "u64", 2), ("digest", "fixed", fixed(16))]),
    ("committed", 0x47, [E, G, ("digest", "fixed", fixed(16))]),
    ("completeRefused", 0x48, [G, CODE]),
    ("structured", 0x49, [G]),
    ("getHoldings", 0x4A, [G]),
    ("holdings", 0x4B, [G, V, ("chunks", ("list", HELD), [{"chunk": 2**33, "held": fixed(8), "digest": fixed(16)}]),
                        ("last", "flag", True)]),
    ("abandon", 0x4C, [G, CODE, ("state", STATE, "PSUE")]),
    ("pairStateChanged", 0x4D, [("state", STATE, "PSUS"), ("code", "u16", 91)]),
    ("failbackAsk", 0x4E, [R, E, ("committed", "u32", 7), ("discard", "flag", False)]),
    ("failbackDifference", 0x4F, [R, V, ("chunks", ("list", DIFFER), [{"chunk": 1, "blocks": fixed(8)}]), ("last", "flag", False)]),
    ("failbackDone", 0x50, [E, G]),
    ("compressedRun", 0x51, [("run", "u32", 5), G, V, B, ("count", "u32", 1), ("digest", "fixed", fixed(16)),
                             ("data", "bytes", zlib.compress(bytes(4096)))]),
    ("heldRun", 0x52, [("run", "u32", 6), G, V, B, ("count", "u32", 16), ("digest", "fixed", fixed(16))]),
]


def plain(value):
    """Bytes as {"hex": …}, so that JSON can carry them."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


# ---- keys and sealing ----


def hkdf(key, salt, info, length):
    return expand(hmac.new(salt, key, hashlib.sha256).digest(), info, length)


def expand(secret, info, length):
    out, block, index = b"", b"", 1
    while len(out) < length:
        block = hmac.new(secret, block + info + bytes([index]), hashlib.sha256).digest()
        out += block
        index += 1
    return out[:length]


def aes_tables():
    """The S-box, from inverses in GF(2^8) and the affine map (FIPS 197, 5.1.1)."""
    exp, log, value = [0] * 255, [0] * 256, 1
    for power in range(255):
        exp[power], log[value] = value, power
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)
    box = []
    for byte in range(256):
        inverse = exp[(255 - log[byte]) % 255] if byte else 0
        result = 0x63
        for turn in range(5):
            result ^= ((inverse << turn) | (inverse >> (8 - turn))) & 0xFF
        box.append(result)
    return box


BOX = aes_tables()


def double(byte):
    return ((byte << 1) ^ (0x1B if byte & 0x80 else 0)) & 0xFF


def round_keys(key):
    words = [list(key[at:at + 4]) for at in range(0, len(key), 4)]
    length, constant = len(words), 1
    for index in range(length, 4 * (length + 7)):
        word = list(words[-1])
        if index % length == 0:
            word = [BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = double(constant)
        elif length > 6 and index % length == 4:
            word = [BOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(words[-length], word)])
    return [sum(words[at:at + 4], []) for at in range(0, len(words), 4)]


def aes(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for index, key in enumerate(keys[1:], 1):
        state = [BOX[state[4 * ((column + row) % 4) + row]]
                 for column in range(4) for row in range(4)]
        if index < len(keys) - 1:
            mixed = []
            for column in range(4):
                a = state[4 * column:4 * column + 4]
                whole = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[row] ^ whole ^ double(a[row] ^ a[(row + 1) % 4]) for row in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def ghash(secret, data):
    h, y = int.from_bytes(secret, "big"), 0
    for at in range(0, len(data), 16):
        x, v, z = y ^ int.from_bytes(data[at:at + 16], "big"), h, 0
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                z ^= v
            v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y.to_bytes(16, "big")


def gcm(key, nonce, text, additional):
    """AES-GCM encryption with a nonce of 12 bytes (NIST SP 800-38D): ciphertext and tag."""
    keys = round_keys(key)
    stream = b"".join(aes(keys, nonce + struct.pack(">I", 2 + index)) for index in range((len(text) + 15) // 16))
    cipher = bytes(a ^ b for a, b in zip(text, stream))
    padded = [part + bytes(-len(part) % 16) for part in (additional, cipher)]
    lengths = struct.pack(">QQ", 8 * len(additional), 8 * len(cipher))
    digest = ghash(aes(keys, bytes(16)), padded[0] + padded[1] + lengths)
    return cipher, bytes(a ^ b for a, b in zip(digest, aes(keys, nonce + struct.pack(">I", 1))))


def quarter(state, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[x] = (state[x] + state[y]) & 0xFFFFFFFF
        state[z] ^= state[x]
        state[z] = ((state[z] << turn) | (state[z] >> (32 - turn))) & 0xFFFFFFFF


def chacha_block(key, counter, nonce):
    """RFC 8439, 2.3."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    state = list(start)
    for _ in range(10):
        for column in range(4):
            quarter(state, column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(state, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, start)))


def poly1305(key, data):
    """RFC 8439, 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def chacha(key, nonce, text, additional):
    """ChaCha20-Poly1305 encryption (RFC 8439, 2.8): ciphertext and tag."""
    stream = b"".join(chacha_block(key, 1 + index, nonce) for index in range((len(text) + 63) // 64))
    cipher = bytes(a ^ b for a, b in zip(text, stream))
    padded = [part + bytes(-len(part) % 16) for part in (additional, cipher)]
    lengths = struct.pack("<QQ", len(additional), len(cipher))
    return cipher, poly1305(chacha_block(key, 0, nonce)[:32], padded[0] + padded[1] + lengths)


CIPHERS = {"aes-256-gcm": gcm, "chacha20-poly1305": chacha}


def check_published():
    # RFC 5869, A.1
    assert hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16
    assert gcm(bytes(32), bytes(12), b"", b"")[1].hex() == "530f8afbc74536b9a963b4f1c4cb738b"
    cipher, tag = gcm(bytes(32), bytes(12), bytes(16), b"")
    assert cipher.hex() == "cea7403d4d606b6e074ec5d3baf39d18" and tag.hex() == "d0d1c8a799996bf0265b98b5d48ab919"
    key, nonce, text, additional, cipher, tag = (bytes.fromhex(each) for each in CASE_16)
    assert gcm(key, nonce, text, additional) == (cipher, tag)
    key, nonce, text, additional, cipher, tag = RFC_8439
    assert chacha(key, nonce, text, additional) == (cipher, tag)


RFC_8439 = (
    bytes(range(0x80, 0xA0)),
    bytes.fromhex("070000004041424344454647"),
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
    bytes.fromhex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
        "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b6116"),
    bytes.fromhex("1ae10b594f09e26a7e902ecbd0600691"),
)

CASE_16 = (
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    "cafebabefacedbaddecaf888",
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    "76fc6ece0f4e1768cddf8853bb2d551b",
)


REKEY_MESSAGES = 2


def hello(role, capabilities, salt):
    return message(0x01, [("version", "u16", 1), ("role", ROLE, role), ("capabilities", "u32", capabilities),
                          ("keyed", "flag", True), ("salt", "fixed", salt)])


def sealed_messages(cipher, first_key, inners):
    """What a queue carries, with a key for two messages only, so that the keys change."""
    key, out = first_key, []
    for counter, inner in enumerate(inners):
        if counter and counter % REKEY_MESSAGES == 0:
            key = expand(key, b"coldframe rekey", 32)
        additional = struct.pack("<HQ", 0x0004, counter)
        ciphertext, tag = CIPHERS[cipher](key, struct.pack("<QI", counter, 0), inner, additional)
        whole = message(0x04, [("counter", "u64", counter), ("ciphertext", "bytes", ciphertext + tag)])
        out.append({"counter": counter, "message": inner.hex(), "encoded": whole.hex()})
    return key, out


def sessions():
    """A session for each cipher: main takes that alone, the sub both."""
    preshared, salts = fixed(32, 0x40), {"main": fixed(32, 0x90), "sub": fixed(32, 0x10)}
    plain_of = {kind: message(tag, fields) for kind, tag, fields in MESSAGES}
    proof = message(0x02, [("peerSalt", "fixed", salts["sub"])])
    inners = [proof, plain_of["freeze"], plain_of["takeover"], plain_of["structured"], plain_of["blockRun"]]
    made = []
    for bit, cipher in enumerate(CIPHERS):
        hellos = {"main": hello("main", 1 << bit, salts["main"]), "sub": hello("sub", 3, salts["sub"])}
        salt = hashlib.sha256(b"".join(sorted(hellos.values()))).digest()
        keys = {f"{way} {queue}": hkdf(preshared, salt, f"coldframe session v1 {cipher} {way} {queue}".encode(), 32)
                for way in ("main>sub", "sub>main") for queue in range(3)}
        last, sealed = sealed_messages(cipher, keys["main>sub 0"], inners)
        made.append({"cipher": cipher, "preShared": preshared.hex(), "transcript": salt.hex(),
                     "hellos": {role: encoded.hex() for role, encoded in hellos.items()},
                     "keys": {lane: key.hex() for lane, key in keys.items()},
                     "rekeyMessages": REKEY_MESSAGES, "lastKey": last.hex(), "sealed": sealed})
    return made


# ---- compressed runs ----

TEXT = b"".join(b"block %d of %d, written at %d: the quick brown fox\n" % (at, at * at, at * 7919) for at in range(40))[:1536]


def deflated(content, level=6, bits=15, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY):
    made = zlib.compressobj(level, zlib.DEFLATED, bits, memory, strategy)
    return made.compress(content) + made.flush()


def dictionary_stream(content):
    made = zlib.compressobj(6, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY, b"the quick brown fox")
    return made.compress(content) + made.flush()


def flushed(content):
    """Several blocks, with empty stored ones between."""
    made, out = zlib.compressobj(9), b""
    for at in range(0, len(content), 500):
        out += made.compress(content[at:at + 500]) + made.flush(zlib.Z_SYNC_FLUSH)
    return out + made.flush()


def compressed():
    noise = b"".join(hashlib.sha256(bytes([at])).digest() for at in range(16))
    taken = [
        ("text", 15, TEXT, deflated(TEXT)),
        ("text, the smallest window", 9, TEXT, deflated(TEXT, 9, 9)),
        ("text, a smaller window than announced", 12, TEXT, deflated(TEXT, 1, 10)),
        ("text, fixed codes", 15, TEXT, deflated(TEXT, strategy=zlib.Z_FIXED)),
        ("text, codes alone", 15, TEXT, deflated(TEXT, strategy=zlib.Z_HUFFMAN_ONLY)),
        ("text, in several blocks", 15, TEXT, flushed(TEXT)),
        ("text, stored", 15, TEXT, deflated(TEXT, 0)),
        ("noise", 15, noise, deflated(noise)),
        ("one byte again and again", 9, b"\x07" * 4096, deflated(b"\x07" * 4096, 9, 9)),
    ]
    whole = deflated(TEXT)
    wrong_check = whole[:-1] + bytes([whole[-1] ^ 1])
    refused = [
        ("cut", 15, len(TEXT), whole[:-5]),
        ("without its check", 15, len(TEXT), whole[:-4]),
        ("with another check", 15, len(TEXT), wrong_check),
        ("with a byte behind it", 15, len(TEXT), whole + b"\0"),
        ("of more than the run", 15, len(TEXT) - 512, whole),
        ("of less than the run", 15, len(TEXT) + 512, whole),
        ("of a megabyte in place of a sector", 15, 512, deflated(bytes(2**20))),
        ("with a window larger than announced", 14, len(TEXT), whole),
        ("to a side that has announced none", 0, len(TEXT), deflated(TEXT, 9, 9)),
        ("with a dictionary", 15, len(TEXT), dictionary_stream(TEXT)),
        ("of gzip", 15, len(TEXT), deflated(TEXT, bits=31)),
        ("of raw deflate", 15, len(TEXT), deflated(TEXT, bits=-15)),
        ("empty", 15, 512, b""),
    ]
    big = b"".join(hashlib.sha256(b"%d" % at).hexdigest()[:at % 60].encode() for at in range(3000))[:65536]
    return {
        "made": {"content": "the hexadecimal SHA-256 of 0, 1, … in decimal, the nth cut to n mod 60 digits; 65536 bytes of it",
                 "contentDigest": hashlib.sha256(big).hexdigest(),
                 "streams": [{"windowBits": bits, "bytes": len(stream), "digest": hashlib.sha256(stream).hexdigest()}
                             for bits in range(9, 16) for stream in [deflated(big, 5, bits)]]},
        "taken": [{"name": name, "windowBits": bits, "content": content.hex(), "stream": stream.hex()}
                  for name, bits, content, stream in taken],
        "refused": [{"name": name, "windowBits": bits, "contentBytes": length, "stream": stream.hex()}
                    for name, bits, length, stream in refused],
    }


# ---- digests ----


def content_digest(block):
    return hashlib.sha256(block).digest()[:16] if any(block) else bytes(16)


def range_digest(entries, with_volume):
    data = b"".join((struct.pack("<Q", volume) if with_volume else b"") + struct.pack("<Q", block) + digest
                    for volume, block, digest in entries if any(digest))
    return hashlib.sha256(data).digest()[:16] if data else bytes(16)


def generation_digest(entries):
    data, zeros = b"", None
    for volume, block, digest in [*entries, (None, None, None)]:
        if digest is not None and not any(digest) and zeros and (zeros[0], zeros[1] + zeros[2]) == (volume, block):
            zeros[2] += 1
            continue
        if zeros:
            data += struct.pack("<QQQ", *zeros) + b"\xff" * 8
            zeros = None
        if digest is not None and any(digest):
            data += struct.pack("<QQ", volume, block) + digest
        elif digest is not None:
            zeros = [volume, block, 1]
    return hashlib.sha256(data).digest()[:16] if data else bytes(16)


def digests():
    blocks = [bytes([7]) * 4096, bytes(4096), bytes(4095) + b"\1"]
    entries = [(volume, block, content_digest(blocks[block % 3])) for volume in (0, 1) for block in (0, 1, 2, 2**32 + 2)]
    some, zeros = content_digest(blocks[0]), bytes(16)
    carried = [(0, 1, zeros), (0, 2, zeros), (0, 3, some), (0, 4, zeros), (0, 6, zeros), (0, 2**32 + 1, some),
               (1, 0, zeros), (1, 1, zeros), (1, 2, zeros), (2, 3, zeros)]
    return {
        "contents": [{"name": name, "digest": content_digest(block).hex()}
                     for name, block in zip(("4096 bytes of 07", "4096 zeros", "4095 zeros and 01"), blocks)],
        "range": {"blocks": [[block, digest.hex()] for volume, block, digest in entries if volume == 0],
                  "digest": range_digest([each for each in entries if each[0] == 0], False).hex()},
        "volumes": {"blocks": [[volume, block, digest.hex()] for volume, block, digest in entries],
                    "digest": range_digest(entries, True).hex()},
        "generation": {"blocks": [[volume, block, digest.hex()] for volume, block, digest in carried],
                       "digest": generation_digest(carried).hex()},
        "zeros": range_digest([(0, 5, bytes(16))], False).hex(),
        "run": {"contents": [content_digest(block).hex() for block in blocks],
                "digest": hashlib.sha256(b"".join(map(content_digest, blocks))).digest()[:16].hex()},
    }


def main():
    check_published()
    print(json.dumps({
        "about": "Golden bytes, all in hexadecimal: made by vectors.py. Do not edit.",
        "cobs": [{"name": name, "decoded": data.hex(), "encoded": cobs(data).hex()} for name, data in COBS_CASES],
        "crc32": [{"data": data.hex(), "crc": zlib.crc32(data)} for data in (b"", b"123456789", nonzero(300))],
        "marks": [{"sender": f"{a:016x}", "receiver": f"{b:016x}", "mark": mark(a, b)} for a, b in (IDS, IDS[::-1])],
        "frames": frames(),
        "acknowledgements": [
            {"records": [{"priority": queue, "next": following, "runs": runs} for queue, following, runs in records],
             "payload": acknowledgement(records).hex()}
            for records in ([(1, 0, [])], [(0, 5, []), (1, 0xABCD, [1, 1]), (2, 65530, [64, 1, 300, 128])])],
        "messages": [{"message": {"kind": kind, **{name: plain(value) for name, _, value in fields}},
                      "encoded": message(tag, fields).hex()} for kind, tag, fields in MESSAGES],
        "sessions": sessions(),
        "aesGcm": dict(zip(("key", "nonce", "plaintext", "additional", "ciphertext", "tag"), CASE_16)),
        "chacha20Poly1305": dict(zip(("key", "nonce", "plaintext", "additional", "ciphertext", "tag"),
                                     (each.hex() for each in RFC_8439))),
        "compressed": compressed(),
        "digests": digests(),
    }, indent=1, ensure_ascii=False))


main()
