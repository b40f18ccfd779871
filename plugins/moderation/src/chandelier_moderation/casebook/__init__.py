"""Cases as a book to look things up in: lists, searches, exports, evidence, and what was done by hand."""
