"""Grades submission.csv by the mean of six root mean squared errors, essays matched by text_id."""
import csv
import io
import math
import os

from kymo_csv import number, read_rows
from kymo_task import Refused, grade, read_submitted

SCORES = ('cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions')
# Scores go from 1 to 5. A model may leave that range a little; larger numbers are mistakes.
LOWEST, HIGHEST = 0.0, 10.0


def rmse(predicted, truth):
    return math.sqrt(sum((one - other) ** 2 for one, other in zip(predicted, truth)) / len(truth))


def evaluate(request):
    with open(os.path.join(request['answers_dir'], 'answers.csv'), newline='') as file:
        rows = list(csv.DictReader(file))
    ids = [row['text_id'] for row in rows]
    truth = {score: [float(row[score]) for row in rows] for score in SCORES}
    data = read_submitted(request['tree_dir'], 'submission.csv')
    paper = paper_metric(data, truth)
    try:
        predicted = read_rows(data, {score: number(LOWEST, HIGHEST) for score in SCORES}, ids, id_column='text_id')
    except Refused as refusal:
        refusal.paper = paper
        raise
    errors = {score: rmse(predicted[score], truth[score]) for score in SCORES}
    return {'value': sum(errors.values()) / len(SCORES), 'details': {'rows': len(ids), 'rmse': errors}, 'paper': paper}


def paper_metric(data, truth):
    """What the original would have said: rows compared by position, whatever their ids. Nothing where it would have failed."""
    # Its starter drew every score uniformly from 0 to 1: the mean squared error that this has on average.
    baseline = sum(math.sqrt(sum((value - 0.5) ** 2 for value in truth[score]) / len(truth[score]) + 1 / 12) for score in SCORES) / len(SCORES)
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode('utf-8-sig'), newline='')))
        columns = {score: [float(row[score]) for row in rows] for score in SCORES}
        if len(rows) != len(truth[SCORES[0]]):
            return []
        value = sum(rmse(columns[score], truth[score]) for score in SCORES) / len(SCORES)
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError, OverflowError):
        return []
    if not math.isfinite(value):
        return []
    return [{'metric': 'MCRMSE, row by row in file order', 'value': value, 'baseline': baseline, 'improvement': (baseline - value) / baseline,
             'note': 'text_id ignored, and compared with uniform random numbers from 0 to 1, the original\'s starter; does not count'}]


if __name__ == '__main__':
    grade(evaluate)
