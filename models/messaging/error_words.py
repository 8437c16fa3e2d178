# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A typed error in the words of the person who is looking."""

from ...engine.error_catalogue import CODES, fill


def in_words(env, error, detail=""):
    """Return what happened and what to do about it, in the user's language; ``detail`` is put behind it."""
    info = CODES[error.code]
    sentence, next_step = env._(info.sentence), env._(info.next_step)  # pylint: disable=translation-not-lazy
    words = f"{fill(sentence, error.params)} {fill(next_step, error.params)}"
    return f"{words} ({detail})" if detail else words
