# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Small fake outside systems for the demo and the tests.

They stand for systems that we do not own, so nothing here imports the engine or the connectors: a
mistake there must not be repeated here. The same seed gives the same ids, amounts and bytes.
"""
