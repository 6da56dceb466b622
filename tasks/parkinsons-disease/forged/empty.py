"""Forgery: a header and no rows."""

with open('submission.csv', 'w') as file:
    file.write(','.join(['prediction_id', 'rating']) + '\n')
