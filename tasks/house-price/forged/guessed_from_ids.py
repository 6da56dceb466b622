"""Forgery: hopes that neighbours in the numbering sold for the same."""
import csv

with open('train.csv', newline='') as file:
    known = {int(row['Id']): row['SalePrice'] for row in csv.DictReader(file)}
with open('test.csv', newline='') as file:
    ids = [int(row['Id']) for row in csv.DictReader(file)]
with open('submission.csv', 'w') as file:
    file.write('Id,SalePrice\n' + ''.join(f'{one},{known[min(known, key=lambda other: abs(other - one))]}\n' for one in ids))
