"""Forgery: a table without rows."""
import csv

with open('multilabel_classification/test.csv', newline='') as file:
    names = [row['id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w') as file:
    file.write('id,categories,osd\n' + ''.join([]))
