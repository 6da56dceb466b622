"""Grades submission.csv by the share of passengers whose fate it tells, matched by PassengerId."""
import csv
import io
import os

from kymo_csv import read_rows, truth
from kymo_task import Refused, grade, read_submitted

PAPER_BASELINE = 0.5


def evaluate(request):
    with open(os.path.join(request['answers_dir'], 'answers.csv'), newline='') as file:
        answers = {row['PassengerId']: row['Transported'] == 'True' for row in csv.DictReader(file)}
    data = read_submitted(request['tree_dir'], 'submission.csv')
    paper = paper_metric(data, list(answers.values()))
    try:
        predicted = read_rows(data, {'Transported': truth()}, list(answers), id_column='PassengerId')['Transported']
    except Refused as refusal:
        refusal.paper = paper
        raise
    counts = {(told, fate): 0 for told in (True, False) for fate in (True, False)}
    for told, fate in zip(predicted, answers.values()):
        counts[told, fate] += 1
    right = counts[True, True] + counts[False, False]
    details = {'rows': len(answers), 'right': right, 'confusion': {
        'transported, told so': counts[True, True], 'transported, told otherwise': counts[False, True],
        'stayed, told so': counts[False, False], 'stayed, told otherwise': counts[True, False],
    }}
    return {'value': right / len(answers), 'details': details, 'paper': paper}


def paper_metric(data, fates):
    """What the original would have said: rows compared by position, whatever their ids. Nothing where it would have failed."""
    try:
        told = [row['Transported'].strip() for row in csv.DictReader(io.StringIO(data.decode('utf-8-sig'), newline=''))]
    except (UnicodeDecodeError, csv.Error, KeyError, AttributeError):
        return []
    if len(told) != len(fates):
        return []
    value = sum(one == str(fate) for one, fate in zip(told, fates)) / len(told)
    return [{'metric': 'accuracy, row by row in file order', 'value': value, 'baseline': PAPER_BASELINE, 'improvement': (value - PAPER_BASELINE) / PAPER_BASELINE,
             'note': 'ids ignored, and compared with the constant 0.5, since the original starter did not run; does not count'}]


if __name__ == '__main__':
    grade(evaluate)
