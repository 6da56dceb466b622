"""Grades submission.csv by the share of reviews whose larger column is their label, matched by idx."""
import csv
import io
import os

from kymo_csv import number, read_rows
from kymo_task import Refused, grade, read_submitted

CLASSES = ('0', '1')
PAPER_BASELINE = 0.5
MOST_BYTES = 16 * 1024 * 1024


def larger(values):
    """The class with the larger number; the first one when they are equal, as in the original."""
    return int(values[1] > values[0])


def evaluate(request):
    with open(os.path.join(request['answers_dir'], 'answers.csv'), newline='') as file:
        answers = {row['idx']: int(row['label']) for row in csv.DictReader(file)}
    data = read_submitted(request['tree_dir'], 'submission.csv', MOST_BYTES)
    labels = list(answers.values())
    paper = paper_metric(data, labels)
    try:
        columns = read_rows(data, {name: number() for name in CLASSES}, list(answers), id_column='idx')
    except Refused as refusal:
        refusal.paper = paper
        raise
    predicted = [larger(pair) for pair in zip(*(columns[name] for name in CLASSES))]
    right = {label: sum(one == label for one, truth in zip(predicted, labels) if truth == label) for label in (0, 1)}
    undecided = sum(low == high for low, high in zip(columns['0'], columns['1']))
    details = {'rows': len(labels), 'right': right[0] + right[1], 'right of the negative': right[0], 'right of the positive': right[1], 'undecided, counted as negative': undecided}
    return {'value': (right[0] + right[1]) / len(labels), 'details': details, 'paper': paper}


def paper_metric(data, labels):
    """What the original would have said: the first column is the index, the rest is compared by position. Nothing where it would have failed."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode('utf-8-sig'), newline='')))[1:]
        predicted = [larger((float(row[1]), float(row[2]))) for row in rows if row]
    except (UnicodeDecodeError, csv.Error, ValueError, IndexError):
        return []
    if len(predicted) != len(labels):
        return []
    value = sum(one == label for one, label in zip(predicted, labels)) / len(labels)
    return [{'metric': 'accuracy, row by row in file order', 'value': value, 'baseline': PAPER_BASELINE, 'improvement': (value - PAPER_BASELINE) / PAPER_BASELINE,
             'note': 'idx ignored, and compared with the constant 0.5, since the original starter did not run; does not count'}]


if __name__ == '__main__':
    grade(evaluate)
