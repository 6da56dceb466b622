"""The mean of the nearest rows."""
import csv


def read(path):
    with open(path, newline='') as file:
        return [{key: value if key == 'id' else float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def main():
    rows = read('train.csv')
    with open('submission.csv', 'w') as file:
        file.write('id,y\n')
        for wanted in read('test.csv'):
            nearest = sorted(rows, key=lambda row: abs(row['x'] - wanted['x']))[:9]
            file.write(f'{wanted["id"]},{sum(row["y"] for row in nearest) / len(nearest)}\n')


if __name__ == '__main__':
    main()
