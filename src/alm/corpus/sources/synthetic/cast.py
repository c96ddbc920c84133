"""Who and what a story is about: the words of its slots, chosen once and then kept."""

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.words import WORDS, with_article

SHE = {"he": "she", "him": "her", "his": "her", "himself": "herself"}
HE = {"he": "he", "him": "him", "his": "his", "himself": "himself"}
PEOPLE = ("girl", "boy")
# Drawn anew wherever they stand, for variety; every other slot keeps its word through the story.
FRESH = {"said", "asked", "called", "softly", "carefully", "went", "glad", "sad", "scared"}
FRESH |= {"tired", "oh", "hooray", "number"}


class Cast(dict[str, str]):
    """The words of one story by slot.

    A slot is drawn from the list of its name when a sentence first asks for it. ``food2`` is
    another ``food``; ``a_food`` has an article; ``Food`` begins with a capital.
    """

    def __init__(self, draws: Draws) -> None:
        super().__init__()
        self._draws = draws
        self._choose_people()
        self._choose_place()

    def __missing__(self, slot: str) -> str:
        """Return the word of a slot that has none yet."""
        if slot[0].isupper():
            word = self[slot[0].lower() + slot[1:]]
            return word[0].upper() + word[1:]
        if slot.startswith("a_"):
            return with_article(self[slot[2:]])
        if slot in FRESH:
            return self._draws.pick(WORDS[slot])
        self[slot] = word = self._draw_other(slot.rstrip("23"))
        return word

    def _draw_other(self, name: str) -> str:
        """Draw a word of a list that no slot of the story has yet."""
        taken = self.values()
        while (word := self._draws.pick(WORDS[self.get(f"{name}_list", name)])) in taken:
            pass
        return word

    def _choose_people(self) -> None:
        draws = self._draws
        girl, friend_girl, kin_woman = (draws.chance(1, 2) for _ in range(3))
        self.update(SHE if girl else HE)
        self.update({f"f{key}": word for key, word in (SHE if friend_girl else HE).items()})
        self["kin"] = draws.pick(WORDS["woman" if kin_woman else "man"])
        self["khe"] = "she" if kin_woman else "he"
        if draws.chance(7, 10):
            self._choose_children(girl=girl, friend_girl=friend_girl)
        else:
            self._choose_animals()
        called = draws.pick(("named", "called"))
        self["intro"] = f"{self['a_trait']} {self['kind']} {called} {self['hero']}"

    def _choose_children(self, *, girl: bool, friend_girl: bool) -> None:
        draws = self._draws
        self["kind"] = PEOPLE[not girl]
        self["hand"] = "hand"
        self["hero"] = draws.pick(WORDS[PEOPLE[not girl]])
        self["friend_list"] = PEOPLE[not friend_girl]
        friend, his = self["friend"], self["his"]
        child = "daughter" if friend_girl else "son"
        self["friend_intro"] = draws.pick(
            (
                f"{his} friend {friend}",
                f"{his} neighbour {friend}",
                f"{his} cousin {friend}",
                f"{friend} from next door",
                f"little {friend}",
                f"the {draws.pick(WORDS['job'])}'s {child} {friend}",
            )
        )

    def _choose_animals(self) -> None:
        draws = self._draws
        self["kind"], friend_kind = draws.sample(WORDS["species"], 2)
        self["hand"] = "paw"
        self["home_list"] = "den"
        self["hero"], friend = draws.sample(WORDS["pet_name"], 2)
        self["friend"] = friend
        self["friend_intro"] = draws.pick(
            (
                f"{friend} the {friend_kind}",
                f"{self['his']} friend {friend} the {friend_kind}",
                f"a {draws.pick(('young', 'little', 'big', 'friendly'))} {friend_kind} "
                f"called {friend}",
            )
        )

    def _choose_place(self) -> None:
        land = self._draws.pick(("wild", "town"))
        self["in_place"] = self._draws.pick(WORDS[land])
        self["place"] = self["in_place"].split(" ", 1)[1]
        self["to_place"] = f"to {self['place']}"
        self["spot_list"] = f"{land}_spot"
