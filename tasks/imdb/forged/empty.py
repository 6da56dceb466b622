"""Forgery: a header and no rows."""

with open('submission.csv', 'w') as file:
    file.write(','.join(['idx', '0', '1']) + '\n')
