"""Did the text do anything? One pair fused under many texts, each compared with the first.

    from film_core import load_fuser
    from film_core.study import Question, run_study

    study = run_study(fuser, "infrared.png", "visible.png", "ivf", Question(text_a="A person."))
    str(study.verdict), study.words[0].change.mean

The rows are the reader's own variants, the text with each word left out in turn, and controls: no
text, the same words shuffled, another picture's description, and random numbers.
"""

from film_core.study.making import RowMaker, random_features
from film_core.study.question import KINDS, Question, Variant, plan
from film_core.study.report import write_report
from film_core.study.result import Change, Row, Study
from film_core.study.running import run_study
from film_core.study.shelf import RowShelf
from film_core.study.verdict import HARDLY_ANYTHING, NOTHING_VISIBLE, Finding, Verdict, judge
from film_core.study.words import Word, find_words, shuffled, without

__all__ = [
    "HARDLY_ANYTHING",
    "KINDS",
    "NOTHING_VISIBLE",
    "Change",
    "Finding",
    "Question",
    "Row",
    "RowMaker",
    "RowShelf",
    "Study",
    "Variant",
    "Verdict",
    "Word",
    "find_words",
    "judge",
    "plan",
    "random_features",
    "run_study",
    "shuffled",
    "without",
    "write_report",
]
