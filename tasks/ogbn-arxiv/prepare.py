"""A citation graph: OGB's ogbn-arxiv with the labels of its test papers taken out (full), or a generated one of the same shape (small).

The split is by year, as OGB's: papers until 2017 to learn from, those of 2018 to validate, later ones are the test.
"""
import bisect
import csv
import gzip
import io
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv, write_npz, write_text

ARCHIVE = 'http://snap.stanford.edu/ogb/data/nodeproppred/arxiv.zip'
PARTS = ('train', 'valid', 'test')
HIDDEN = -1


def main(request):
    if request.profile == 'small':
        small(request)
    else:
        full(request)


# ---- the small profile ----

PAPERS, CLASSES, FEATURES, SHADE = 4000, 40, 128, 0.5
CITATIONS, SAME_FIELD = 6, 0.4


def small(request):
    """Fields of different sizes; a paper mostly cites earlier ones of its field, and its features tell the field only faintly. What it cites tells more."""
    import numpy as np
    random = request.stream('graph')
    sizes = [1 / (rank + 3) for rank in range(CLASSES)]
    bounds = [sum(sizes[:index + 1]) / sum(sizes) for index in range(CLASSES)]
    years = sorted(2020 - min(14, int(-3.2 * log(1 - random.random()))) for _ in range(PAPERS))
    labels = [min(bisect.bisect_left(bounds, random.random()), CLASSES - 1) for _ in range(PAPERS)]
    edges, by_field = [], [[] for _ in range(CLASSES)]
    for paper, label in enumerate(labels):
        if paper:
            for _ in range(1 + random.randrange(2 * CITATIONS - 1)):
                pool = by_field[label] if random.random() < SAME_FIELD else None
                # Newer papers are cited more.
                cited = pool[int(len(pool) * random.random() ** 0.5)] if pool else int(paper * random.random() ** 0.5)
                edges.append((paper, cited))
        by_field[label].append(paper)
    edges = sorted(set(edges))
    centres = whole(request.stream('centres'), (CLASSES, FEATURES))
    noise = whole(request.stream('features'), (PAPERS, FEATURES))
    # Whole numbers until the last division, which is exact: every machine makes the same bytes.
    features = (np.round(SHADE * 32) * centres[labels] + 64 * noise).astype('<f4') / 4096
    # Numbers are given out by chance, so that neither order nor number tells year or field.
    order = list(range(PAPERS))
    request.stream('order').shuffle(order)
    number = np.empty(PAPERS, '<i8')
    number[order] = np.arange(PAPERS)
    years, labels, features = (np.asarray(values)[order] for values in (years, labels, features))
    edges = number[np.array(edges)]
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))].T
    parts = {'train': years <= 2017, 'valid': years == 2018, 'test': years >= 2019}
    parts = {part: np.flatnonzero(chosen) for part, chosen in parts.items()}
    shown = labels.copy()
    shown[parts['test']] = HIDDEN
    write_npz(request.public / 'networks/graph.npz', edges=edges.astype('<i4'), features=features, years=years.astype('<i4'), labels=shown.astype('<i4'),
              **{part: chosen.astype('<i4') for part, chosen in parts.items()})
    write_csv(request.answers / 'answers.csv', ['paper', 'field'], [[int(paper), int(labels[paper])] for paper in parts['test']])
    say(f'{PAPERS} papers, {edges.shape[1]} citations; ' + ', '.join(f'{part} {len(chosen)}' for part, chosen in parts.items()))


def log(value):
    import math
    return math.log(value)


def whole(random, shape):
    """Nearly normal whole numbers of deviation 37: sums of six bytes, the same everywhere."""
    import numpy as np
    count = shape[0] * shape[1]
    drawn = np.frombuffer(random.getrandbits(8 * 6 * count).to_bytes(6 * count, 'little'), np.uint8).astype(np.int64).reshape(count, 6)
    return ((drawn.sum(1) - 765) // 5).reshape(shape)


# ---- the full profile ----

def full(request):
    """OGB's own files, in OGB's own folders; test labels in node-label.csv.gz become -1."""
    for path in unpack(request.download(ARCHIVE, 'arxiv.zip'), 'unpacked', lambda path: not path.endswith('/') and '/processed/' not in path):
        inside = path.relative_to('unpacked').parts
        # OGB renames the archive's folder in the same way when it downloads it.
        target = request.public / 'networks/ogbn_arxiv' / Path(*inside[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    folder = request.public / 'networks/ogbn_arxiv'
    try:
        labels = lines(folder / 'raw/node-label.csv.gz')
        parts = {part: [int(paper) for paper in lines(folder / f'split/time/{part}.csv.gz')] for part in PARTS}
    except FileNotFoundError as error:
        raise CannotPrepare(f'the archive has no {Path(error.filename).name}: OGB has changed it, and this task must be adapted') from error
    if sorted(paper for chosen in parts.values() for paper in chosen) != list(range(len(labels))):
        raise CannotPrepare('the parts of the split do not hold every paper once: OGB has changed the archive, and this task must be adapted')
    write_csv(request.answers / 'answers.csv', ['paper', 'field'], [[paper, labels[paper]] for paper in parts['test']])
    for paper in parts['test']:
        labels[paper] = str(HIDDEN)
    write_gzip(folder / 'raw/node-label.csv.gz', ''.join(f'{label}\n' for label in labels))
    # OGB asks at the terminal to download again when this file is not there.
    if not (folder / 'RELEASE_v1.txt').exists():
        write_text(folder / 'RELEASE_v1.txt', '')
    say(f'{len(labels)} papers; ' + ', '.join(f'{part} {len(chosen)}' for part, chosen in parts.items()))


def lines(path):
    with gzip.open(path, 'rt', newline='') as file:
        return [row[0].strip() for row in csv.reader(file) if row]


def write_gzip(path, text):
    """Without the time of writing in its head, so that it has the same bytes every time."""
    buffer = io.BytesIO()
    with gzip.GzipFile('', 'wb', 9, buffer, mtime=0) as file:
        file.write(text.encode())
    path.write_bytes(buffer.getvalue())


if __name__ == '__main__':
    prepare(main)
