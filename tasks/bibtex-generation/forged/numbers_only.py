"""Forgery: the numbers of papers follow a rule, so count up and name them without having seen them."""


def generate(paragraph):
    return '\n'.join(f'@misc{{p{number}, title = {{Untitled}}, author = {{A. Nobody}}, year = {{{2014 + number // 7}}}, eprint = {{{14 + number // 7}{1 + number % 12:02}.{10000 + 7 * number:05}}}}}' for number in range(75))
