"""The tool of `words.wit`, as componentize-py makes a component of it."""

import os
from collections import Counter

from componentize_py_types import Err
from wit_world.exports import Words as Interface
from wit_world.exports.words import Measured, Mood_Calm, Mood_Loud


class Words(Interface):
    def measure(self, text):
        words = text.split()
        if not words:
            raise Err("there are no words")
        marks = text.count("!")
        return Measured(len(words), max(words, key=len), Mood_Loud(marks) if marks else Mood_Calm())

    def count(self, words, at_least):
        return [(word, times) for word, times in Counter(words).most_common() if times >= (at_least or 1)]

    def crash(self, why):
        raise ValueError(why)

    def spin(self):
        while True:
            pass

    def read_file(self, path):
        try:
            with open(path) as file:
                return file.read()
        except OSError as error:
            raise Err(str(error))

    def env(self, name):
        return os.environ.get(name)
