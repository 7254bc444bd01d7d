# SPDX-License-Identifier: MIT OR Apache-2.0
"""The version of the package, which is that of the library it was made for."""

__version__ = "0.1.0"
