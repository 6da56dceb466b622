"""Dice coefficient over all pixels of all test scenes, aligned by record_id; the original's mean of each scene's own beside it."""
import csv
import json
from pathlib import Path

from kymo_csv import read_rows
from kymo_task import grade, read_submitted

SMOOTH = 1e-6


def runs(pixels):
    """Reader of a column: [(start, end)] counted from 0, end not included. Throws ValueError with what is wrong."""
    def read(text):
        if text == '-':
            return []
        words = text.split()
        if not words:
            raise ValueError('is empty: write "-" where there is nothing')
        if len(words) % 2:
            raise ValueError(f'has {len(words)} numbers: each run is a start and a length')
        if not all(word.isascii() and word.isdigit() and len(word) < 12 for word in words):
            raise ValueError('is not a list of whole numbers')
        numbers = list(map(int, words))
        found, last = [], 0
        for start, length in zip(numbers[::2], numbers[1::2]):
            if length == 0:
                raise ValueError(f'has a run of length 0 at {start}')
            if start <= last:
                raise ValueError(f'has a run at {start} that begins before the one before it has ended: runs are in order, do not overlap, and pixels are counted from 1')
            last = start + length - 1
            if last > pixels:
                raise ValueError(f'has a run that ends at {last}, beyond the {pixels} pixels of a scene')
            found.append((start - 1, last))
        return found
    return read


def size(found):
    return sum(end - start for start, end in found)


def common(first, second):
    """How many pixels two ordered lists of runs share."""
    total, at = 0, 0
    for start, end in first:
        while at < len(second) and second[at][1] <= start:
            at += 1
        look = at
        while look < len(second) and second[look][0] < end:
            total += min(end, second[look][1]) - max(start, second[look][0])
            look += 1
    return total


def floored(baseline, everywhere):
    """The starter's recorded scores, none of them below what trails everywhere get: the full starter may come out at nothing, and then any constant would be a gain.

    None where that changes nothing, or where nothing is recorded.
    """
    if baseline is None or min(baseline['runs']) >= everywhere:
        return None
    return [max(run, everywhere) for run in baseline['runs']]


def evaluate(request):
    folder = Path(request['answers_dir'])
    height, width = json.loads((folder / 'shape.json').read_text())
    with open(folder / 'answers.csv', newline='') as file:
        _, *rows = csv.reader(file)
    read = runs(height * width)
    truth = [read(row[1]) for row in rows]
    data = read_submitted(request['tree_dir'], 'submission.csv', 256 * 1024 * 1024)
    given = read_rows(data, {'encoded_pixels': read}, [row[0] for row in rows], id_column='record_id')['encoded_pixels']
    shared, sizes = [common(*pair) for pair in zip(given, truth)], [size(one) + size(other) for one, other in zip(given, truth)]
    dice = 2 * sum(shared) / sum(sizes)
    mean = sum((2 * inside + SMOOTH) / (both + SMOOTH) for inside, both in zip(shared, sizes)) / len(rows)
    without = sum(not one for one in truth)
    outlined = sum(map(size, truth))
    everywhere = 2 * outlined / (outlined + height * width * len(rows))
    runs_of_baseline = floored(request['baseline'], everywhere)
    return {
        'value': dice, **({} if runs_of_baseline is None else {'baseline_runs': runs_of_baseline}),
        'details': {'scenes': len(rows), 'scenes_without_trails': without, 'pixels_given': sum(map(size, given)), 'pixels_outlined': outlined, 'trails_everywhere_get': everywhere},
        'paper': [{'metric': 'mean of the Dice coefficients of the scenes', 'value': mean, 'baseline': without / len(rows), 'improvement': (mean - without / len(rows)) * len(rows) / without if without else 0.0,
                   'note': 'what the original computes although its text announces one coefficient over all pixels; an empty scene left empty counts 1. Beside it, what a table of empty scenes gets'}],
    }


if __name__ == '__main__':
    grade(evaluate)
