"""Texts of several kinds for features to be measured on."""

import inspect
import textwrap

import pytest

from alm.config import CorpusParams
from alm.corpus import filters
from alm.corpus.filters import features, repetition


@pytest.fixture(scope="session")
def real_texts():
    """Python, prose, lists, other scripts, sums: a few hundred to a few thousand bytes each."""
    prose = inspect.cleandoc(textwrap.__doc__ + textwrap.dedent.__doc__ + textwrap.wrap.__doc__)
    return [
        inspect.getsource(features),
        inspect.getsource(repetition),
        filters.__doc__,
        prose,
        prose.replace("a", "\u00e4").replace("o", "\u6f22") + "\n\n" + prose,
        "- one\n- two\n- three ...\n\n- one\n- two\n",
        "\n".join(f"{i} + {i} = {2 * i}" for i in range(60)),
        "\u0416\u0443\u043a \u0438 \u0436\u0443\u043a. " * 20,
        "<ul>\n" + "<li class='x'>item {} </li>\n" * 30 + "</ul>",
    ]


@pytest.fixture(scope="session")
def config():
    """The limits of params.yaml."""
    return CorpusParams.load("synthetic").filter
