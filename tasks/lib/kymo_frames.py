"""The pipe between an evaluator and a worker: a 4-byte big-endian length, a JSON header of that length, then the raw bytes of the arrays.

The header's `arrays` lists {name, dtype, shape}; their little-endian bytes follow in that order. Nothing is ever unpickled.
"""
import json
import struct

MAX_HEADER = 64 * 1024
DTYPES = {'<f8': 8, '<f4': 4, '<i8': 8, '<i4': 4, '|u1': 1, '|b1': 1}


class BadFrame(Exception):
    """The bytes on the pipe are not a frame."""


def encode_header(fields, arrays=()):
    """Bytes of a frame's length and header; `arrays` are (name, dtype, shape)."""
    listed = [{'name': name, 'dtype': dtype, 'shape': list(shape)} for name, dtype, shape in arrays]
    header = json.dumps({**fields, 'arrays': listed}).encode()
    if len(header) > MAX_HEADER:
        raise BadFrame(f'a header of {len(header)} bytes')
    return struct.pack('>I', len(header)) + header


def header_length(prefix):
    (length,) = struct.unpack('>I', prefix)
    if not 2 <= length <= MAX_HEADER:
        raise BadFrame(f'a header of {length} bytes')
    return length


def decode_header(raw):
    """The header as a dict whose `arrays` have been checked. Throws BadFrame."""
    try:
        header = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise BadFrame('a header that is not JSON') from error
    if not isinstance(header, dict) or not isinstance(header.get('arrays'), list) or len(header['arrays']) > 64:
        raise BadFrame('a header without its list of arrays')
    for array in header['arrays']:
        good = isinstance(array, dict) and isinstance(array.get('name'), str) and array.get('dtype') in DTYPES and isinstance(array.get('shape'), list)
        if not good or len(array['shape']) > 8 or not all(type(size) is int and 0 <= size < 2**40 for size in array['shape']):
            raise BadFrame('an array without a plain name, dtype and shape')
    return header


def payload_bytes(header):
    """How many bytes follow the header."""
    total = 0
    for array in header['arrays']:
        size = DTYPES[array['dtype']]
        for length in array['shape']:
            size *= length
        total += size
    return total
