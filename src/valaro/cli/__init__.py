"""One short file a verb: arguments in, a call of the library, words out."""
