"""Visits of Parkinson's patients with protein measurements: the Kaggle competition's tables (full), or 60 invented patients with the same columns (small).

Whole patients are held out, drawn with a seed. Their visits and proteins are given, their ratings are not.
"""
import csv
import math
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv

SLUG = 'amp-parkinsons-disease-progression-prediction'
CLINICAL, PROTEINS, PEPTIDES, SUPPLEMENT = 'train_clinical_data.csv', 'train_proteins.csv', 'train_peptides.csv', 'supplemental_clinical_data.csv'
COLUMNS = {
    CLINICAL: ['visit_id', 'patient_id', 'visit_month', 'updrs_1', 'updrs_2', 'updrs_3', 'updrs_4', 'upd23b_clinical_state_on_medication'],
    PROTEINS: ['visit_id', 'visit_month', 'patient_id', 'UniProt', 'NPX'],
    PEPTIDES: ['visit_id', 'visit_month', 'patient_id', 'UniProt', 'Peptide', 'PeptideAbundance'],
    SUPPLEMENT: ['visit_id', 'patient_id', 'visit_month', 'updrs_1', 'updrs_2', 'updrs_3', 'updrs_4', 'upd23b_clinical_state_on_medication'],
}
PARTS, WAITS, LAST_MONTH = (1, 2, 3, 4), (0, 6, 12, 24), 108
# The original held out two of 248 patients.
TEST_SHARE = 0.2
PATIENTS = 60


def main(request):
    tables = downloaded(request) if request.profile == 'full' else invented(request)
    patients = sorted({row['patient_id'] for row in tables[CLINICAL]})
    held_out = set(request.stream('split').sample(patients, round(TEST_SHARE * len(patients))))
    test = {}
    for name, columns in COLUMNS.items():
        write(request.public / name, columns, [row for row in tables[name] if row['patient_id'] not in held_out])
        test[name] = [row for row in tables[name] if row['patient_id'] in held_out]
    folder = request.public / 'example_test_files'
    write(folder / 'test_proteins.csv', COLUMNS[PROTEINS], test[PROTEINS])
    write(folder / 'test_peptides.csv', COLUMNS[PEPTIDES], test[PEPTIDES])
    visits = test[CLINICAL]
    write(folder / 'test.csv', ['visit_id', 'patient_id', 'visit_month', 'updrs_test', 'row_id'], [
        {**visit, 'updrs_test': f'updrs_{part}', 'row_id': f'{visit["patient_id"]}_{visit["visit_month"]}_updrs_{part}'} for visit in visits for part in PARTS])
    asked = [(visit, part, wait) for wait in WAITS for part in PARTS for visit in visits if int(visit['visit_month']) + wait <= LAST_MONTH]
    # Asked is for every visit and wait, also those after which nobody came: which visits take place would tell how a patient fares.
    by_month = sorted(asked, key=lambda one: (int(one[0]['visit_month']), one[0]['patient_id'], one[1], one[2]))
    write_csv(folder / 'sample_submission.csv', ['prediction_id', 'rating', 'visit_month'], [[prediction_id(*one), 0, one[0]['visit_month']] for one in by_month])
    answers = graded(asked, visits)
    write_csv(request.answers / 'answers.csv', ['prediction_id', 'rating', 'original_row'], answers)
    say(f'{len(patients) - len(held_out)} patients to learn from, {len(held_out)} held out; {len(asked)} predictions asked for, {len(answers)} graded')


def write(path, columns, rows):
    write_csv(path, columns, [[row[column] for column in columns] for row in rows])


def prediction_id(visit, part, wait):
    return f'{visit["patient_id"]}_{visit["visit_month"]}_updrs_{part}_plus_{wait}_months'


def graded(asked, visits):
    """The predictions whose rating is known, in the original's order, and the row that the original's answers had for them.

    It left out every prediction made at a visit with any value missing, also one that has nothing to do with it.
    """
    known = {(visit['patient_id'], int(visit['visit_month'])): visit for visit in visits}
    answers, row = [], 0
    for visit, part, wait in asked:
        later = known.get((visit['patient_id'], int(visit['visit_month']) + wait))
        rating = later[f'updrs_{part}'] if later else ''
        if rating == '':
            continue
        whole = all(visit[column] != '' for column in COLUMNS[CLINICAL])
        answers.append([prediction_id(visit, part, wait), float(rating), row if whole else ''])
        row += whole
    return answers


def downloaded(request):
    """Kaggle's four tables as they are; its hidden test set is not public."""
    found = {path.name: path for path in unpack(request.kaggle(SLUG), Path('unpacked'), lambda path: path in COLUMNS)}
    tables = {}
    for name, columns in COLUMNS.items():
        if name not in found:
            raise CannotPrepare(f'the archive {SLUG}.zip holds no {name}. Remove it and prepare again: {request.downloads / (SLUG + ".zip")}')
        with open(found[name], newline='', encoding='utf-8') as file:
            tables[name] = list(csv.DictReader(file))
        lacking = [title for title in columns if not tables[name] or title not in tables[name][0]]
        if lacking:
            raise CannotPrepare(f'{name} of {SLUG} has no column {", ".join(lacking)}: Kaggle has changed the data, and this task must be adapted')
    return tables


# ---- the small profile ----

MONTHS = (0, 3, 6, 12, 18, 24, 30, 36, 48, 60, 72, 84, 96)
PROTEIN_COUNT = 20
# How strongly the first proteins follow the disease, on a logarithmic scale; the others do not.
TELLING = (0.6, -0.5, 0.5, 0.4)
SUPPLEMENT_PATIENTS = 80
ACIDS = 'ACDEFGHIKLMNPQRSTVWY'


def invented(request):
    """Each patient has a severity and a pace. Four ratings and some proteins follow what these make of the month, each with noise of its own."""
    random = request.stream('patients')
    kinds = [(f'P{10001 + 37 * index}', random.uniform(6, 12), TELLING[index] if index < len(TELLING) else 0.0, [peptide(random) for _ in range(2)]) for index in range(PROTEIN_COUNT)]
    numbers = random.sample(range(1000, 65000), PATIENTS + SUPPLEMENT_PATIENTS)
    tables = {name: [] for name in COLUMNS}
    for number in sorted(numbers[:PATIENTS]):
        severity, pace = math.exp(random.gauss(0, 0.55)), max(0.0, random.gauss(0.7, 0.4))
        last = random.choice((24, 36, 48, 60, 72, 84, 96))
        for month in MONTHS:
            if month > last or (month and random.random() < 0.12):
                continue
            state = severity * (1 + pace * month / 60)
            visit = {'visit_id': f'{number}_{month}', 'patient_id': str(number), 'visit_month': str(month)}
            tables[CLINICAL].append({**visit, **ratings(random, state, month)})
            if random.random() < 0.7:
                measure(random, tables, visit, state, kinds)
    for number in sorted(numbers[PATIENTS:]):
        severity = math.exp(random.gauss(-0.1, 0.55))
        for month in (0, 5, 12):
            tables[SUPPLEMENT].append({'visit_id': f'{number}_{month}', 'patient_id': str(number), 'visit_month': str(month), **ratings(random, severity * (1 + 0.7 * month / 60), month)})
    return tables


def ratings(random, state, month):
    medicated = month > 6 and random.random() < 0.6
    values = [5.5 * state + random.gauss(0, 1.2), 6.5 * state + random.gauss(0, 1.2), (14 if medicated else 19) * state + random.gauss(0, 2.5), 3 * (state - 1.6) + random.gauss(0, 0.7)]
    scores = {f'updrs_{part}': str(max(0, round(value))) for part, value in zip(PARTS, values)}
    if random.random() < (0.5 if month < 12 else 0.1):
        scores['updrs_4'] = ''
    if random.random() < 0.02:
        scores['updrs_3'] = ''
    known = month > 6 and random.random() < 0.75
    return {**scores, 'upd23b_clinical_state_on_medication': ('On' if medicated else 'Off') if known else ''}


def measure(random, tables, visit, state, kinds):
    for name, base, telling, peptides in kinds:
        if random.random() < 0.04:
            continue
        amount = math.exp(base + telling * math.log(state) + random.gauss(0, 0.5))
        tables[PROTEINS].append({**visit, 'UniProt': name, 'NPX': f'{amount:.2f}'})
        for index, sequence in enumerate(peptides):
            share = (0.65, 0.35)[index] * math.exp(random.gauss(0, 0.15))
            tables[PEPTIDES].append({**visit, 'UniProt': name, 'Peptide': sequence, 'PeptideAbundance': f'{amount * share:.2f}'})


def peptide(random):
    return ''.join(random.choice(ACIDS) for _ in range(random.randrange(7, 16)))


if __name__ == '__main__':
    prepare(main)
