"""Ed25519 of RFC 8032 in plain integers: signing for vectors, and the strict check of SIG-1."""

import hashlib
from functools import lru_cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
ZERO = (0, 1)


def add(a, b):
    """Of points in affine coordinates (x, y)."""
    (x1, y1), (x2, y2) = a, b
    both = D * x1 * x2 * y1 * y2
    shared = pow((1 + both) * (1 - both), P - 2, P)
    x = (x1 * y2 + x2 * y1) * (1 - both) * shared
    y = (y1 * y2 + x1 * x2) * (1 + both) * shared
    return x % P, y % P


def times(factor, point):
    total = ZERO
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """A point from its canonical encoding, or none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_1 % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = decode(BASE_Y.to_bytes(32, "little"))


def number_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def halves(secret):
    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


@lru_cache(maxsize=None)
def public_key(secret):
    return encode(times(halves(secret)[0], BASE))


@lru_cache(maxsize=None)
def sign(secret, message):
    scalar, prefix = halves(secret)
    public = encode(times(scalar, BASE))
    nonce = number_of(prefix, message) % L
    r = encode(times(nonce, BASE))
    s = (nonce + number_of(r, public, message) * scalar) % L
    return r + s.to_bytes(32, "little")


@lru_cache(maxsize=None)
def is_signature(public, message, signature):
    """[SIG-1]"""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = decode(public), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= L:
        return False
    if times(8, key) == ZERO or times(8, r) == ZERO:
        return False
    k = number_of(signature[:32], public, message) % L
    x, y = times(k, key)
    return encode(add(times(s, BASE), (P - x, y))) == signature[:32]
