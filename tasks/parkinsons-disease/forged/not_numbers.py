"""Forgery: NaN and infinite values, which no careless comparison finds wrong."""
import csv

with open('example_test_files/sample_submission.csv', newline='') as file:
    ids = [row['prediction_id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['prediction_id', 'rating'], *[[one, ('nan', 'inf', '-inf')[index % 3]] for index, one in enumerate(ids)]])
