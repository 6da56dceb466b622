"""Graphs with their shortest paths: public ones of the sizes to train on, hidden ones that are larger. Full: the test set of CLRS-30, as published."""
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_npz

CHANCE = 0.35
ARCHIVE = 'https://storage.googleapis.com/dm-clrs/CLRS30_v1.0.0.tar.gz'
INSIDE = 'CLRS30_v1.0.0/clrs_dataset/floyd_warshall_{}/'


def main(request):
    if request.profile == 'small':
        write_npz(request.public / 'data/valid.npz', **graphs(request.stream('valid'), 64, 8))
        write_npz(request.answers / 'test.npz', **graphs(request.stream('test'), 48, 16))
    else:
        full(request)


# ---- the small profile ----

def graphs(random, count, size):
    """Lengths are whole numbers of ten-thousandths, so that sums compare alike everywhere. See starter/data.py for what pointers are."""
    import numpy as np
    weights = [[[random.randrange(100, 10001) if row != column and random.random() < CHANCE else 0 for column in range(size)] for row in range(size)] for _ in range(count)]
    return {'weights': (np.array(weights) / 10000).astype('<f4'), 'pointers': np.array([shortest(one) for one in weights], '<i4')}


def shortest(weights):
    nodes = range(len(weights))
    far = float('inf')
    lengths = [[0 if i == j else weights[i][j] or far for j in nodes] for i in nodes]
    pointers = [[i for _ in nodes] for i in nodes]
    for k in nodes:
        for i in nodes:
            for j in nodes:
                if lengths[i][k] + lengths[k][j] < lengths[i][j]:
                    lengths[i][j] = lengths[i][k] + lengths[k][j]
                    pointers[i][j] = pointers[k][j]
    return pointers


# ---- the full profile ----

def full(request):
    """The archive holds 30 algorithms; floyd_warshall's validation and test parts are unpacked and written as plain arrays."""
    archive = request.download(ARCHIVE, 'CLRS30_v1.0.0.tar.gz')
    parts = {part: INSIDE.format(part) for part in ('val', 'test')}
    unpack(archive, 'unpacked', lambda path: path.removeprefix('./').startswith(tuple(parts.values())))
    write_npz(request.public / 'data/valid.npz', **arrays_of(Path('unpacked') / parts['val']))
    test = arrays_of(Path('unpacked') / parts['test'])
    write_npz(request.answers / 'test.npz', **test)
    say(f'{len(test["pointers"])} test graphs of {test["pointers"].shape[1]} nodes')


def arrays_of(folder):
    """{pos, A, adj, pointers} of every graph in a folder of TensorFlow Datasets."""
    import numpy as np
    import tensorflow_datasets
    versions = sorted(path for path in folder.glob('*') if (path / 'features.json').exists())
    if not versions:
        raise CannotPrepare(f'the archive holds no {folder.name}: its publisher has changed it, and this task must be adapted')
    builder = tensorflow_datasets.builder_from_directory(str(versions[-1]))
    rows = list(tensorflow_datasets.as_numpy(builder.as_dataset(split=next(iter(builder.info.splits)))))
    names = {'pos': 'input_pos', 'A': 'input_A', 'adj': 'input_adj', 'pointers': 'output_Pi'}
    return {name: np.stack([row[key] for row in rows]).astype('<i4' if name == 'pointers' else '<f4') for name, key in names.items()}


if __name__ == '__main__':
    prepare(main)
