# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One folder per outside system; ``registry`` finds them. See ``docs/connectors.md``."""
