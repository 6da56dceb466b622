"""Forgery: NaN and infinite prices, which some means skip."""
import csv

with open('test.csv', newline='') as file:
    ids = [row['Id'] for row in csv.DictReader(file)]
with open('submission.csv', 'w') as file:
    file.write('Id,SalePrice\n' + ''.join(f'{one},{("nan", "inf", "-inf", "1e400")[index % 4]}\n' for index, one in enumerate(ids)))
