"""Forgery: NaN and infinite osd."""
import csv

with open('multilabel_classification/test.csv', newline='') as file:
    names = [row['id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w') as file:
    file.write('id,categories,osd\n' + ''.join(f'{name},1 2 3,{("nan", "inf", "-inf", "1e400")[index % 4]}\n' for index, name in enumerate(names)))
