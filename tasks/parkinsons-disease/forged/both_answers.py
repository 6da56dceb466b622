"""Forgery: gives every rating twice, low and high."""
import csv

with open('example_test_files/sample_submission.csv', newline='') as file:
    ids = [row['prediction_id'] for row in csv.DictReader(file)]

rows = [[one, 0] for one in ids] + [[one, 20] for one in ids]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['prediction_id', 'rating'], *rows])
