# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A reader of another language: what is said to him comes from translations that a test gives."""

from odoo.tools.translate import code_translations

GERMAN = "de_DE"


class LanguageCommon:
    """A base of test cases; ``say_in_german`` gives translations of terms of code."""

    def say_in_german(self, words):
        """Let each source text of ``words`` read as its translation for whoever reads German.

        :param words: source → translation.
        """
        self.env["res.lang"]._activate_lang(GERMAN)
        known = code_translations.get_python_translations("finance_integration", GERMAN)
        self.patch(
            code_translations,
            "python_translations",
            {
                **code_translations.python_translations,
                ("finance_integration", GERMAN): {**known, **words},
            },
        )
