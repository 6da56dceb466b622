"""Does a summary say what a record says, and nothing else? Rules, no model: the same summary is always judged alike.

What is looked at: numbers, names, the direction of the result, praise, and how many of the words come from the record.
"""
import re
import unicodedata

MOST_WORDS = 35
# Share of the telling words that must come from the record.
SUPPORT = 0.6

COMMON = set('a about above across after all also although an and any are as at authors be because been before being below between both but by can compared could did do does down during each either end ends find findings finds for found from '
             'gave get give given gives gets had has have here how however i if in instead into is it its just less like made make makes many may means method model more most much neither new no nor not now of off on one only or other our out over own '
             'paper per present presents propose proposes reach reached reaches relative report reported reports result results same say says shape show showed shown shows since so some still study such system than that the their them then there '
             'these they this those through thus to too toward towards two under up upon use used uses using versus was we were what when where whether which while who whose why will with within without work works would yet you your percent point points'.split())
BETTER = re.compile(r'\b(improv\w+|rais\w+|gr[eo]ws?|grown|grew|gain(?:s|ed)?|better|increas\w+|outperform\w*|exceed\w*|boost\w*|higher|lift(?:s|ed)?|beats?|ris(?:es|ing)|rose)\b', re.I)
WORSE = re.compile(r"\b(no (?:gain|improvement|benefit|advantage)|not|n't|never|without (?:gain|improvement)|fail\w*|worse|below|lower|drop\w*|decreas\w+|declin\w+|negative|loses|lost|hurts?|reduc\w+)\b", re.I)
# A gain that is denied, or somebody else's.
DENIED = re.compile(r"\b(?:(?:no|not|never|without|fails? to|failed to|nor|hardly)\b|\w+n't\b)[\w ]{0,24}?\b(?:improv\w+|rais\w+|gr[eo]w\w*|gain\w*|better|increas\w+|outperform\w*|boost\w*|benefit\w*|advantage\w*)|outperformed by", re.I)
CLAIMED = re.compile(r'\b(improv\w+|rais\w+|gr[eo]w\w*|gain(?:s|ed)?|increas\w+|outperform\w*|boost\w*)\b', re.I)
PRAISE = re.compile(r'\b(state[- ]of[- ]the[- ]art|breakthrough|novel|best|remarkabl\w+|impressive\w*|groundbreaking|outstanding|record[- ]breaking|superior|unprecedented|significant\w*)\b', re.I)


def plain(text):
    return ''.join(letter for letter in unicodedata.normalize('NFKD', text) if not unicodedata.combining(letter))


def stem(word):
    word = word.lower()
    for ending in ('ing', 'ed', 'es', 's', 'ly'):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            return word[:-len(ending)]
    return word


def numbers(text):
    return {float(number) for number in re.findall(r'(?<![\w.-])\d+(?:\.\d+)?(?![\w-])', text)}


def names(text):
    """Words with inner capitals, or with a hyphen and a digit, and capitalised words that do not begin a sentence."""
    found = {word.lower() for word in re.findall(r'\b[A-Za-z]+[a-z][A-Z]\w*\b|\b[A-Za-z]+-\d+\b', text)}
    for sentence in re.split(r'(?<=[.!?:])\s+', text):
        found |= {word.lower() for word in re.findall(r'\b[A-Z][\w-]*\w\b', sentence.split(' ', 1)[-1] if ' ' in sentence else '')}
    return found


def problems(summary, paper, facts):
    """What in the summary is not the record's, in words; empty for a faithful one."""
    said, record = plain(summary), plain(f"{paper['title']} {paper['summary']} {paper['published']} {' '.join(paper['authors'])} {paper.get('journal', '')}")
    wrong = [f'{number:g} is not a number of the record' for number in sorted(numbers(said) - numbers(record) - numbers(paper['published'].replace('-', ' ')))]
    known = {stem(word) for word in re.findall(r'[\w-]+', record)} | {stem(word) for word in re.findall(r'\w+', record)}
    wrong += [f'"{name}" is not named in the record' for name in sorted(names(said)) if stem(name) not in known and name not in COMMON]
    denied, worse, claimed, praise = DENIED.search(said), WORSE.search(said), CLAIMED.search(DENIED.sub(' ', said)), PRAISE.search(said)
    if facts['works'] and (denied or worse and not BETTER.search(said)):
        wrong.append(f'it says "{(denied or worse).group()}", and the record tells of a gain')
    if not facts['works'] and claimed:
        wrong.append(f'it says "{claimed.group()}", and the record tells of no gain')
    if praise and not re.search(re.escape(praise.group()), record, re.I):
        wrong.append(f'"{praise.group()}" is no word of the record')
    telling = [word for word in (stem(word) for word in re.findall(r'[a-z][\w-]+', said.lower())) if word not in COMMON and not BETTER.match(word) and not WORSE.match(word)]
    if telling and sum(word in known for word in telling) / len(telling) < SUPPORT:
        wrong.append('most of its words do not stand in the record')
    return wrong


def told(summary, facts):
    """Share of what matters that the summary tells: the system, the data, the measure, the value that was reached, and whether it was a gain."""
    text = plain(summary)
    lower = text.lower()
    gain = BETTER.search(text) if facts['works'] else WORSE.search(text)
    both = {facts['before'], facts['after']} <= numbers(text)
    return sum([facts['name'].lower() in lower, facts['dataset'].lower() in lower, facts['metric'].lower() in lower, facts['after'] in numbers(text), bool(gain) or (facts['works'] and both)]) / 5


def judged(summary, paper, facts):
    """(score in 0..1, problems). One that is unfaithful or too long is worth nothing."""
    count = len(summary.split())
    if count > MOST_WORDS:
        return 0.0, [f'it has {count} words; at most {MOST_WORDS} are read']
    wrong = problems(summary, paper, facts)
    return (0.0 if wrong else told(summary, facts)), wrong
