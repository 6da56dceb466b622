"""Forgery: one price for every house."""
import csv

with open('train.csv', newline='') as file:
    prices = sorted(float(row['SalePrice']) for row in csv.DictReader(file))
with open('test.csv', newline='') as file:
    ids = [row['Id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w') as file:
    file.write('Id,SalePrice\n' + ''.join(f'{one},{prices[len(prices) // 2]}\n' for one in ids))
