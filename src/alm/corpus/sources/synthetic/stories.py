"""Little stories: one of a dozen plots, told with the words of a cast."""

from alm.corpus.sources.synthetic import adventures, lessons
from alm.corpus.sources.synthetic.cast import Cast
from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.frames import ENDING, MIDWAY, MORAL, OPENING, WAY_HOME
from alm.corpus.sources.synthetic.passage import Passage

PLOTS = {
    "lost": adventures.LOST,
    "rescue": adventures.RESCUE,
    "storm": adventures.STORM,
    "treasure": adventures.TREASURE,
    "noise": adventures.NOISE,
    "skill": lessons.SKILL,
    "sharing": lessons.SHARING,
    "building": lessons.BUILDING,
    "mistake": lessons.MISTAKE,
    "gift": lessons.GIFT,
    "errand": lessons.ERRAND,
    "contest": lessons.CONTEST,
    "garden": lessons.GARDEN,
    "quarrel": lessons.QUARREL,
}
AWAY = {"lost", "rescue", "storm", "treasure", "sharing", "building", "contest"}  # from home


def tell_story(draws: Draws) -> Passage:
    """Return a story of about ten sentences; who is in it stays who they are."""
    plot = draws.pick(tuple(PLOTS))
    lines = [draws.pick(OPENING), *(draws.pick(beat) for beat in PLOTS[plot])]
    if draws.chance(1, 2):
        lines.insert(draws.between(2, 4), draws.pick(MIDWAY))
    if draws.chance(2, 3):
        lines.append(draws.pick(ENDING + WAY_HOME if plot in AWAY else ENDING))
    if draws.chance(1, 3):
        lines.append(draws.pick(MORAL))
    cast = Cast(draws)
    return Passage(_join([line.format_map(cast) for line in lines], draws), {"plot": plot})


def _join(lines: list[str], draws: Draws) -> str:
    """Join lines to paragraphs: speech begins a new one, and so do some others."""
    text = lines[0]
    for line in lines[1:]:
        new = line.startswith('"') or draws.chance(1, 4)
        text += ("\n" if new else " ") + line
    return text
