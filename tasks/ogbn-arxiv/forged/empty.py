"""Forgery: a header and no rows."""
with open('submission.csv', 'w') as file:
    file.write('paper,field\n')
