"""Weights that a submission hands in as arrays, and a worker for tasks whose grader owns the network: nothing of the submission is imported or unpickled.

An evaluator reads the files to tell what is wrong with them; a worker in the sandbox reads them once more and computes with them.
"""
import io
import json
import math
import sys
import traceback
import zipfile

import numpy as np

from kymo_task import Refused

BAD = 'bad_submission'
MAX_MEMBERS = 4096


def read_npz(data, name, most_bytes):
    """{name: float array} of an .npz file given as bytes. Sizes are checked before memory is taken. Throws Refused('bad_submission')."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise Refused(BAD, f'{name} is no .npz file ({error}). Write it with numpy.savez({name!r}, **arrays).') from None
    if len(members) > MAX_MEMBERS:
        raise Refused(BAD, f'{name} holds {len(members)} arrays; at most {MAX_MEMBERS} are read.')
    arrays, left = {}, most_bytes
    for member in members:
        key = member.filename[:-4] if member.filename.endswith('.npy') else member.filename
        if key in arrays:
            raise Refused(BAD, f'{name} holds {key} twice. Write each array once.')
        try:
            with archive.open(member) as file:
                content = file.read(left + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
            raise Refused(BAD, f'{name}: {key} cannot be read ({error}). Write the file with numpy.savez.') from None
        left -= len(content)
        if left < 0:
            raise Refused(BAD, f'{name} holds more than {most_bytes} bytes of arrays. Make the network smaller.')
        arrays[key] = read_npy(content, f'{name}: {key}')
    return arrays


def read_npy(content, what):
    """An array of floats from the bytes of an .npy file."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if header is None:
            raise ValueError(f'a version {version} that is not read')
        shape, fortran, dtype = header(file)
    except Exception as error:
        raise Refused(BAD, f'{what} is no array that can be read ({str(error)[:200]}). Write it with numpy.savez.') from None
    if dtype.hasobject or dtype.kind != 'f':
        raise Refused(BAD, f'{what} holds {dtype}; write float32 or float64. Objects would have to be unpickled, which is never done.')
    body = content[file.tell():]
    if len(body) != dtype.itemsize * math.prod(shape):
        raise Refused(BAD, f'{what} says it has the shape {shape} and holds {len(body)} bytes.')
    return np.frombuffer(body, dtype).reshape(shape, order='F' if fortran else 'C')


def check_arrays(arrays, shapes, name):
    """Nothing missing, nothing more, shapes as given, all values finite. Throws Refused('bad_submission') for the first that is not."""
    for key, shape in shapes.items():
        if key not in arrays:
            raise Refused(BAD, f'{name} holds no {key}. Write one array for each weight: {", ".join(shapes)}.'[:1000])
        if arrays[key].shape != tuple(shape):
            raise Refused(BAD, f'{name}: {key} has the shape {arrays[key].shape}; with this config.json it must be {tuple(shape)}.')
        if not np.isfinite(arrays[key]).all():
            raise Refused(BAD, f'{name}: {key} holds {int((~np.isfinite(arrays[key])).sum())} values that are not finite numbers.')
    for key in arrays:
        if key not in shapes:
            raise Refused(BAD, f'{name} holds {str(key)[:100]!r}, which the network does not have. It has: {", ".join(shapes)}.'[:1000])


def read_config(data, name, fields):
    """A JSON object with exactly `fields`: {name: (lowest, highest) for whole numbers, or a tuple of strings or truth values to choose from in a list}."""
    try:
        config = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise Refused(BAD, f'{name} is not JSON. Write an object with {", ".join(fields)}.') from None
    if not isinstance(config, dict):
        raise Refused(BAD, f'{name} is no object. Write an object with {", ".join(fields)}.')
    for key in config:
        if key not in fields:
            raise Refused(BAD, f'{name} has {str(key)[:100]!r}, which means nothing here. Write {", ".join(fields)}.')
    for key, allowed in fields.items():
        if key not in config:
            raise Refused(BAD, f'{name} has no {key}.')
        value = config[key]
        if isinstance(allowed, list):
            if not any(value is one or (isinstance(one, str) and value == one) for one in allowed):
                raise Refused(BAD, f'{name}: {key} is {json.dumps(value)[:100]}; it must be one of {", ".join(json.dumps(one) for one in allowed)}.')
        elif type(value) is not int or not allowed[0] <= value <= allowed[1]:
            raise Refused(BAD, f'{name}: {key} is {json.dumps(value)[:100]}; it must be a whole number from {allowed[0]} to {allowed[1]}.')
    return config


def serve_files(prepare, call):
    """As kymo_worker.serve, without importing the submission's script: `state = prepare(folder)`, then `call(state, header, arrays) -> arrays`."""
    from kymo_worker import describe, private_pipes, receive, send
    inbox, outbox = private_pipes()
    try:
        state = prepare(sys.argv[1])
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
        send(outbox, {'ok': True}, answer)
