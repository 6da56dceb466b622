"""Mean absolute error, aligned by id. The baseline is what the starter was measured to reach (baseline.json)."""
import csv
from pathlib import Path

from kymo_csv import number, read_rows
from kymo_task import grade, read_submitted


def evaluate(request):
    with open(Path(request['answers_dir']) / 'answers.csv', newline='') as file:
        answers = {row['id']: float(row['y']) for row in csv.DictReader(file)}
    found = read_rows(read_submitted(request['tree_dir'], 'submission.csv'), {'y': number()}, list(answers))['y']
    error = sum(abs(guess - y) for guess, y in zip(found, answers.values())) / len(answers)
    return {'value': error, 'details': {'rows': len(answers)}}


if __name__ == '__main__':
    grade(evaluate)
