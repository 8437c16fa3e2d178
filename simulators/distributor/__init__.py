# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A distributor of two companies lives through a month, with every accident that happens to integrations."""
