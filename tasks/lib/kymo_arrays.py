"""Reads submitted arrays (.npz, .npy) without unpickling anything, never more than was asked for.

    arrays = read_npz(read_submitted(request['tree_dir'], 'masks.npz', 64 << 20), {'masks': ('b', (20, 64, 64))})
"""
import io
import math
import zipfile

import numpy as np

from kymo_task import Refused

BAD = 'bad_submission'
# Kinds of numpy's types: truth, whole numbers with and without sign, floating point.
NUMBERS = 'biuf'


def read_npz(data, wanted, name='submission.npz'):
    """{name: array} from the bytes of an .npz file. `wanted` is {array: (kinds, shape)}; kinds are letters of numpy's dtype.kind ('f', 'iu', 'biuf'),
    a shape may hold None for any length. Arrays nobody asked for are not read. Throws Refused('bad_submission')."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise Refused(BAD, f'{name} is no .npz file ({error}). Write it with numpy.savez.') from None
    found = {}
    with archive:
        for array, (kinds, shape) in wanted.items():
            info = members.get(f'{array}.npy')
            if info is None:
                raise Refused(BAD, f'{name} holds no array {array}; it holds {", ".join(sorted(members)[:8]) or "nothing"}. Write it with numpy.savez({name!r}, {array}=...).')
            try:
                with archive.open(info) as member:
                    found[array] = read_array(member, kinds, shape, f'the array {array} in {name}')
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
                raise Refused(BAD, f'the array {array} in {name} cannot be read ({error}). Write it with numpy.savez.') from None
    return found


def read_npy(data, kinds, shape, name='submission.npy'):
    """The array of an .npy file; see read_npz."""
    return read_array(io.BytesIO(data), kinds, shape, name)


def read_array(member, kinds, shape, what):
    try:
        version = np.lib.format.read_magic(member)
        if version == (1, 0):
            found, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        elif version == (2, 0):
            found, fortran, dtype = np.lib.format.read_array_header_2_0(member)
        else:
            raise ValueError(f'version {version}')
    except Exception as error:  # a header is anything a submission likes: whatever it breaks in numpy's parser is its own fault
        raise Refused(BAD, f'{what} is no numpy array ({error}). Write it with numpy.save or numpy.savez.') from None
    if dtype.hasobject or dtype.kind not in kinds or dtype.kind not in NUMBERS:
        raise Refused(BAD, f'{what} is of type {dtype}; expected are {" or ".join({"b": "truth values", "i": "whole numbers", "u": "whole numbers", "f": "floating point numbers"}[kind] for kind in kinds)}.')
    if len(found) != len(shape) or any(want is not None and have != want for have, want in zip(found, shape)):
        raise Refused(BAD, f'{what} has the shape {tuple(found)}; expected is {tuple("any" if want is None else want for want in shape)}.')
    size = math.prod(found) * dtype.itemsize
    if size > 1 << 31:
        raise Refused(BAD, f'{what} has {size} bytes; at most {1 << 31} are read.')
    # One byte more than there should be shows what has too many.
    raw = member.read(size + 1)
    if len(raw) != size:
        raise Refused(BAD, f'{what} holds {"more" if len(raw) > size else "fewer"} bytes than its shape says.')
    array = np.frombuffer(raw, dtype).reshape(found, order='F' if fortran else 'C')
    if dtype.kind == 'f' and not np.isfinite(array).all():
        raise Refused(BAD, f'{what} holds {int((~np.isfinite(array)).sum())} values that are not finite numbers.')
    return array
