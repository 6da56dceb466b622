"""Grades submission.csv by the share of test papers whose field it tells, matched by the paper's number."""
import csv
import os

from kymo_csv import integer, read_rows
from kymo_task import grade, read_submitted

PAPER_BASELINE = 0.3134


def evaluate(request):
    with open(os.path.join(request['answers_dir'], 'answers.csv'), newline='') as file:
        answers = {row['paper']: int(row['field']) for row in csv.DictReader(file)}
    data = read_submitted(request['tree_dir'], 'submission.csv')
    predicted = read_rows(data, {'field': integer(low=0, high=max(answers.values()))}, list(answers), id_column='paper')['field']
    right = sum(told == field for told, field in zip(predicted, answers.values()))
    value = right / len(answers)
    paper = [{'metric': 'accuracy', 'value': value, 'baseline': PAPER_BASELINE, 'improvement': (value - PAPER_BASELINE) / PAPER_BASELINE,
              'note': 'the same accuracy, against the constant that the original\'s plots use; its file had no column of papers'}] if request['profile'] == 'full' else []
    return {'value': value, 'details': {'papers': len(answers), 'right': right, 'fields told': len(set(predicted))}, 'paper': paper}


if __name__ == '__main__':
    grade(evaluate)
