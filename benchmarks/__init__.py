# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The reference benchmark: the addon measured against what a team would do without it, on one machine, in one run."""
