"""Runs inside the sandbox, in one process with the submission's code, and answers an evaluator's calls over stdin and stdout.

Nothing that happens here is trusted: the evaluator has the clock, makes the inputs and checks the outputs.
"""
import sys
import traceback

import numpy as np

from kymo_frames import decode_header, encode_header, header_length, payload_bytes
from kymo_script import describe, load_script, private_pipes


def receive(inbox):
    """(header, arrays by name), or None at the end. The arrays are writable and belong to the caller."""
    prefix = inbox.read(4)
    if len(prefix) < 4:
        return None
    header = decode_header(inbox.read(header_length(prefix)))
    data = bytearray(payload_bytes(header))
    view, filled = memoryview(data), 0
    while filled < len(data):
        count = inbox.readinto(view[filled:])
        if not count:
            return None
        filled += count
    arrays, offset = {}, 0
    for array in header['arrays']:
        dtype, shape = np.dtype(array['dtype']), tuple(array['shape'])
        count = int(np.prod(shape, dtype=np.int64))
        arrays[array['name']] = np.frombuffer(data, dtype, count, offset).reshape(shape)
        offset += count * dtype.itemsize
    return header, arrays


def send(outbox, fields, arrays=None):
    """Sends one frame; every array travels as float64, its own type is told beside it."""
    plain = {name: np.ascontiguousarray(value, dtype='<f8') for name, value in (arrays or {}).items()}
    types = {name: str(np.asarray(value).dtype) for name, value in (arrays or {}).items()}
    outbox.write(encode_header({**fields, 'types': types}, [(name, '<f8', value.shape) for name, value in plain.items()]))
    for value in plain.values():
        outbox.write(memoryview(value).cast('B') if value.size else b'')
    outbox.flush()


def serve(prepare, call):
    """Loads argv[1]/argv[2] and answers calls: `state = prepare(module)`, then `call(state, header, arrays) -> arrays` for each frame."""
    inbox, outbox = private_pipes()
    try:
        state = prepare(load_script(sys.argv[1], sys.argv[2]))
    except BaseException as error:
        traceback.print_exc()
        send(outbox, {'error': 'import', 'message': describe(error)})
        return
    send(outbox, {'ready': True})
    while (frame := receive(inbox)) is not None:
        try:
            answer = call(state, *frame)
        except BaseException as error:
            traceback.print_exc()
            send(outbox, {'error': 'call', 'message': describe(error)})
            return
        try:
            send(outbox, {'ok': True}, answer)
        except (TypeError, ValueError) as error:
            send(outbox, {'error': 'output', 'message': describe(error)})
            return
