"""Plots of the synthetic corpus that happen outdoors. See ``frames`` for their form."""

from alm.corpus.sources.synthetic.frames import read_beats

LOST = read_beats("""
{hero} owned {a_colour} {thing} and took it everywhere.
More than anything else, {hero} loved {his} {colour} {thing}.
For {his} birthday {he} had been given {a_colour} {thing} by {his} {kin}.
{His} {kin} had once brought {him} {a_colour} {thing} from {town_name}.

{When}, {he} {went} {to_place} to play. When {he} looked up again, the {thing} was gone.
{When}, {he} fell asleep {in_place}. When {he} woke up, the {thing} had disappeared.
{When}, {he} reached into {his} bag and found it empty. The {colour} {thing} was missing!

{He} looked {spot}. {He} looked {spot2}. There was no {thing} to be seen.
{He} searched {spot} and found nothing but some {flower}.
First {he} looked {spot}, then {spot2}, but all {he} found was an old {tool}.

"Why are you so {sad}?" {asked} {friend_intro}. "I have lost my {thing}," said {hero}.
"What are you looking for?" {asked} {friend_intro}. "My {colour} {thing}," {said} {hero} {softly}.
{hero} sat down and cried. "What is the matter?" {asked} {friend_intro}. "My {thing} is gone!"

"Then let us look together," {said} {friend}. "Four eyes see more than two."
"When did you see it last?" {asked} {friend}. "{In_place}," {said} {hero}, "before lunch."
"Do not give up," {said} {friend} {softly}. "I will look on the left and you look on the right."

They looked for {number} hours. At last {friend} looked {spot3}, and there lay the {thing}.
"{oh}!" {called} {friend}. {A_animal} was sitting {spot3}, and next to it lay the {colour} {thing}.
{Spot3} something {colour} was shining. "{hooray}!" {called} {hero}. It was the {thing}.

{hero} was so {glad} that {he} hugged {friend} twice. "Thank you," {he} said {softly}.
"How can I thank you?" {asked} {hero}. "Let me play with it too," {said} {friend}, and so they did.
From then on, {hero} kept the {thing} in a safe place {spot}.
""")

RESCUE = read_beats("""
{When}, {hero} {went} {to_place} and heard a small cry.
{When}, {hero} was on the way home when something moved {spot}.
{When}, {he} was picking {flower} {in_place} when {he} heard a noise.

It was {a_fur} {animal}, {trouble}.
There was {a_animal}, {trouble}. It looked very {sad}.
{A_fur} {animal} looked up at {him}. It was {trouble}.

"{oh}!" {said} {hero}. "You poor thing. Do not be {scared}. I will help you."
"Please help me," {said} the {animal} {softly}. "I have been here for {number} hours."
{hero} wanted to help at once, but {he} could not reach it.

{He} pulled and pushed, but nothing worked. So {he} ran to fetch {friend_intro}.
"I cannot do this alone," thought {hero}, and {he} called for {friend_intro}.
Luckily {friend_intro} was just coming along with {a_tool}.

"We need {a_tool}," {said} {friend}, "and a lot of patience."
{friend} brought {a_tool} and some {food}. {Carefully}, they went to work.
"You hold the {tool}, and I will climb down," {said} {hero} {softly}.

{Carefully}, they lifted the {animal} up. Its heart was beating fast, but it was safe.
It took them {number} tries. Then the {animal} was free at last!
Inch by inch they came closer, until {hero} could hold the {animal} in {his} {hand}s.

They gave it some {food} and let it sleep {spot}.
The {animal} ate {number} bites of {food} and soon felt better.
{friend} wrapped it in {a_colour} scarf, and {hero} sang {softly} until it fell asleep.

The next day the {animal} came back and brought {him} {a_colour} feather.
Ever since, the {animal} has followed {hero} wherever {he} goes.
"{hooray}!" {said} {friend}. The {animal} blinked at them and {went} back {to_place}.
""")

STORM = read_beats("""
{When}, {hero} and {friend_intro} {went} {to_place} with a basket full of {food}.
{When}, {hero} met {friend_intro}. Together they {went} {to_place}.
{hero} and {friend_intro} had planned a picnic {in_place} for {number} weeks.

Suddenly the sky turned dark. The {bird} stopped singing, and thunder rolled over the hills.
They had just unpacked the {food} when a cold wind blew everything away.
Black clouds came up, and soon the rain was falling in thick drops.

"{oh}!" {said} {friend}. "We must find shelter!" They ran as fast as they could.
"Quick, follow me!" {called} {hero}. "I know a dry place."
{friend} was {scared}. "Give me your {hand}," {said} {hero} {softly}.

They hid {spot} and held each other tight.
There was just enough room for both of them {spot}.
{Spot} they found {a_look} {tool} and an old blanket and built a roof.

"Let us count the seconds after the lightning," {said} {hero}. They counted to {number}.
"Tell me a story," {said} {friend}. So {hero} told one about {a_fur} {animal} and {a_thing}.
To be less {scared}, they sang every song that they knew. That made {number}.
They ate the rest of the {food} and listened to the rain.

At last the sun came out again, and a rainbow stood over {place}.
Little by little the thunder went away, and the air smelled of {smell}.
When they looked out, the storm was over. {A_animal} shook the water from its back.

"That was almost fun," {said} {friend}, and both of them laughed.
"I was {scared}," said {hero}, "but not as much as I would have been alone."
Wet but {glad}, they {went} home, where {his} {kin} was waiting with some {food2}.
""")

TREASURE = read_beats("""
{When}, {hero} found an old map {spot}.
{When}, {hero} opened {a_look} book, and a map fell out.
{His} {kin} gave {him} a yellow map. "I have never been able to read it," {khe} {said}.

It showed {place} and a small {colour} cross.
On it somebody had written: "Go {number} steps past the place with the {flower}."
"There must be a treasure {in_place}!" thought {hero}.

{He} showed it to {friend_intro}. "Let us go and see," {said} {friend} at once.
"May I come along?" {asked} {friend_intro}. "Of course," {said} {hero}. "Bring {a_tool}."
Together with {friend_intro} {he} packed {a_tool} and some {food} and set off.

They {went} {to_place} and counted their steps. Then they looked {spot2}, but nothing was there.
The path was steep, and soon they were {tired}. "Only {number} steps more," {said} {friend}.
{A_animal} was sitting in their way. "Go left," it {said}, "and then look {spot2}."

"We are holding the map upside down!" {called} {hero}. They turned it around and tried again.
"Wait," {said} {friend} {softly}. "This line is not a path. It is a stream."
{hero} thought for a while. "Maybe the cross is not {spot2}, but {spot3}."

{Carefully}, they dug {spot3} until the {tool} hit something hard.
And really, {spot3} they found {treasure}.
There it was: {treasure}! "{hooray}!" {called} both of them.

"It belongs to both of us," {said} {hero}, and {friend} was very {glad}.
They gave it to the museum in {town_name}, where everybody can see it.
"The best part was finding it together," {said} {friend} {softly}.
""")

NOISE = read_beats("""
{When}, when everybody was asleep, {hero} heard {sound}.
In the middle of the night {hero} woke up. There was {sound}.
It was late. {hero} was just about to fall asleep when there came {sound} from outside.

{He} pulled the blanket over {his} head, but the sound did not stop.
"Who is there?" {he} {asked} {softly}. Nobody answered.
{He} was {scared} and counted to {number}, but then {he} heard it again.

{He} lit {a_look} lantern and woke {friend_intro}.
"Do you hear that too?" {he} {asked} {friend_intro}, who was staying for the night.
"I must know what it is," thought {hero}, and {he} woke {friend_intro}.

"Maybe it is a ghost," whispered {friend}. "There are no ghosts," {said} {hero}.
Step by step they {went} along the dark hall. The floor creaked.
{friend} held {a_tool} in one {hand}, and {hero} held the light in the other.

{Carefully}, they opened the door. What they saw was {culprit}!
They looked out of the window, and there it was: {culprit}.
The light fell on the wall. It was only {culprit}.

They laughed so hard that they woke {his} {kin}.
"So that was our ghost!" {said} {friend}, and all the fear was gone.
"{oh}!" {said} {hero}. "And I was so {scared}!"

Then they drank some warm milk, and soon the house was quiet again.
After that, {hero} liked the sounds of the night.
"Good night, ghost," {said} {hero} {softly} and fell asleep at once.
""")
