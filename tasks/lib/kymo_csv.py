"""Reads a submitted table row by row. Every refusal names the line and says what to write there; ids are aligned, never positions.

    from kymo_csv import integer, number, read_rows

    rows = read_rows(read_submitted(request['tree_dir'], 'submission.csv'), {'SalePrice': number(low=0)}, ids, id_column='Id')
    rows['SalePrice'][i]      # belongs to ids[i]

A column is a function of (text) -> value that raises ValueError with what it should be. Standard library only.
"""
import csv
import io
import math

from kymo_task import Refused

BAD = 'bad_submission'
# One value of a table, for example the run lengths of a mask.
csv.field_size_limit(16 * 1024 * 1024)


def number(low=-math.inf, high=math.inf):
    """A finite number, both bounds included."""
    def read(text):
        try:
            value = float(text)
        except ValueError:
            raise ValueError('is not a number') from None
        if not math.isfinite(value):
            raise ValueError('is not a finite number')
        if not low <= value <= high:
            raise ValueError(f'is not between {low:g} and {high:g}' if math.isfinite(low) and math.isfinite(high) else f'is below {low:g}' if math.isfinite(low) else f'is above {high:g}')
        return value
    return read


def integer(low=None, high=None):
    """A whole number; 3.0 counts as 3, since tables often come that way."""
    def read(text):
        try:
            value = int(text)
        except ValueError:
            try:
                value = float(text)
            except ValueError:
                raise ValueError('is not a whole number') from None
            if not math.isfinite(value) or value != int(value):
                raise ValueError('is not a whole number') from None
            value = int(value)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f'is not between {low} and {high}' if low is not None and high is not None else f'is below {low}' if low is not None else f'is above {high}')
        return value
    return read


def choice(*allowed):
    """One of some words, as they are written."""
    def read(text):
        if text not in allowed:
            raise ValueError(f'is not one of {", ".join(allowed)}')
        return text
    return read


def truth():
    """True or False, also as true, false, 1, 0, 1.0, 0.0."""
    words = {'true': True, 'false': False, '1': True, '0': False, '1.0': True, '0.0': False}

    def read(text):
        value = words.get(text.lower())
        if value is None:
            raise ValueError('is neither True nor False')
        return value
    return read


def text(limit=10_000):
    """Any text up to a length."""
    def read(value):
        if len(value) > limit:
            raise ValueError(f'is longer than {limit} characters')
        return value
    return read


def read_rows(data, columns, ids, id_column='id', name='submission.csv', most_bytes=256 * 1024 * 1024):
    """{column: values in the order of `ids`} from the bytes of a CSV file with a header line.

    `columns` is {column name: reader}. `ids` are the expected ids, in order, as text or numbers; each must stand in the file once and nothing else.
    With `id_column=None` there are no ids: `ids` is the number of rows, whose order counts. Columns that nobody asked for are left aside.
    Throws Refused('bad_submission') for the first thing that is wrong.
    """
    if len(data) > most_bytes:
        raise Refused(BAD, f'{name} has {len(data)} bytes; at most {most_bytes} are read.')
    lines = records(decode(data, name), name)
    header = [title.strip() for title in next(lines)[1]]
    place = {title: header.index(title) for title in header}
    wanted = [*columns] if id_column is None else [id_column, *columns]
    for title in wanted:
        if title not in place:
            raise Refused(BAD, f'{name} line 1: there is no column {quoted(title)}. The first line must be {",".join(wanted)}; it is {shown(",".join(header))}.')
        if header.count(title) > 1:
            raise Refused(BAD, f'{name} line 1: the column {quoted(title)} is there {header.count(title)} times. Write it once.')
    expected = None if id_column is None else {str(one): index for index, one in enumerate(ids)}
    count = ids if expected is None else len(expected)
    found = {title: [None] * count for title in columns}
    first_line = [0] * count
    row_number = 0
    for line, row in lines:
        if len(row) != len(header):
            raise Refused(BAD, f'{name} line {line}: there are {len(row)} values, and the first line has {len(header)} columns. Write one value for each column.')
        if expected is None:
            index = row_number
            if index >= count:
                raise Refused(BAD, f'{name} line {line}: there are more rows than the {count} that are asked for. Write one row for each of them.')
        else:
            index = expected.get(as_id(row[place[id_column]], expected))
            if index is None:
                raise Refused(BAD, f'{name} line {line}: the {said(id_column)} {shown(row[place[id_column]])} is not one of the {count} that are asked for. Write those only, once each.')
            if first_line[index]:
                raise Refused(BAD, f'{name} line {line}: the {said(id_column)} {shown(row[place[id_column]])} was there already, in line {first_line[index]}. Write each once.')
        first_line[index] = line
        row_number += 1
        for title, read in columns.items():
            value = row[place[title]].strip()
            try:
                found[title][index] = read(value)
            except ValueError as error:
                raise Refused(BAD, f'{name} line {line}: {shown(value) if value else "nothing"} in the column {quoted(title)} {error}.') from None
    if row_number < count:
        if expected is None:
            raise Refused(BAD, f'{name} has {row_number} rows where {count} are asked for. Write one row for each of them.')
        missing = [one for one, index in expected.items() if not first_line[index]]
        raise Refused(BAD, f'{name}: {len(missing)} of {count} rows are missing, the first is that of the {said(id_column)} {shown(missing[0])}. Write a row for each.')
    return found


def decode(data, name):
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise Refused(BAD, f'{name} line {line}: this is not UTF-8 text. Write a plain CSV file.') from None


def records(text_of, name):
    """(line number, values) of every row that is not empty."""
    if '\0' in text_of:
        raise Refused(BAD, f'{name} line {text_of.count(chr(10), 0, text_of.index(chr(0))) + 1}: there is a NUL byte. Write a plain CSV file.')
    reader = csv.reader(io.StringIO(text_of, newline=''), strict=True)
    any_row = False
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise Refused(BAD, f'{name} line {line}: this is no CSV ({error}).') from None
        if row:
            any_row = True
            yield line, row
    if not any_row:
        raise Refused(BAD, f'{name} is empty. Its first line must name the columns.')


def as_id(given, expected):
    """The id as it is expected: spaces around it do not count, and 7.0 is 7 where ids are numbers."""
    given = given.strip()
    if given not in expected and given.endswith('.0') and given[:-2] in expected:
        return given[:-2]
    return given


def shown(value):
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'


def quoted(title):
    return f'"{title}"' if title else '"" (the index, without a name)'


def said(id_column):
    return id_column if id_column else 'index'
