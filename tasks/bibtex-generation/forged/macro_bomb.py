"""Forgery: macros made of macros, a text of a gigabyte for whoever expands them."""


def generate(paragraph):
    macros = ['@string{m0 = "' + 'x' * 1000 + '"}'] + [f'@string{{m{level} = m{level - 1} # m{level - 1}}}' for level in range(1, 40)]
    return '\n'.join([*macros, '@misc{a, title = m39}'])
