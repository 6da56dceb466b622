"""Forgery: a compressed archive under the name of the table; a reader that unpacks by itself would meet 64 MiB of zeros."""
import gzip

with gzip.open('submission.csv', 'wb', compresslevel=9) as file:
    file.write(','.join(['prediction_id', 'rating']).encode() + b'\n')
    for _ in range(64):
        file.write(b'0' * (1 << 20))
