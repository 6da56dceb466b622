"""Fits a straight line through most of the rows, chosen by chance."""
import csv
import random


def read(path):
    with open(path, newline='') as file:
        return [{key: value if key == 'id' else float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def main():
    rows = random.sample(read('train.csv'), 200)
    mean_x = sum(row['x'] for row in rows) / len(rows)
    mean_y = sum(row['y'] for row in rows) / len(rows)
    slope = sum((row['x'] - mean_x) * (row['y'] - mean_y) for row in rows) / sum((row['x'] - mean_x) ** 2 for row in rows)
    print(f'y = {mean_y:.3f} + {slope:.3f} (x - {mean_x:.3f})')
    with open('submission.csv', 'w') as file:
        file.write('id,y\n' + ''.join(f'{row["id"]},{mean_y + slope * (row["x"] - mean_x)}\n' for row in read('test.csv')))


if __name__ == '__main__':
    main()
