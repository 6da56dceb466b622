"""Forgery: writes scores of its own wherever one might be read, and prints a grader's reply."""
import csv
import json

with open('example_test_files/sample_submission.csv', newline='') as file:
    ids = [row['prediction_id'] for row in csv.DictReader(file)]

with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['prediction_id', 'rating'], *[[one, 8] for one in ids]])

reply = {'graded': True, 'code': 'graded', 'message': '', 'value': 0.0, 'baseline': 0.5, 'details': {}, 'paper': []}
for path in ('score.json', 'result.json', 'baseline.json', 'grading.json'):
    with open(path, 'w') as file:
        json.dump(reply, file)
print(json.dumps(reply), flush=True)
