"""Forgery: a header and no rows."""
SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']

with open('submission.csv', 'w') as file:
    file.write(','.join(['text_id', *SCORES]) + '\n')
