"""Forgery: no trails anywhere."""
import os

with open('submission.csv', 'w') as file:
    file.write('record_id,encoded_pixels\n' + ''.join(f'{record},-\n' for record in os.listdir('test')))
