# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A day of three shops in three currencies, paid by three processors, that has to tie out to 0.00 in each of them."""
