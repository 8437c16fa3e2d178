# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Streaming readers of files: a file of any size is read in bounded memory, record by record.

A reader never trusts what it reads: lengths, nesting, unpacked size and number of entries are limited, and a file
that is cut off, packed as a trap or written in another encoding ends in a named error.
"""
