"""How a story of the synthetic corpus begins and ends, and what may stand between.

Each line is one way to say a thing. A name in braces is a word of the story: ``alm.corpus.sources.
synthetic.cast`` fills it.
"""


def read_beats(text: str) -> tuple[tuple[str, ...], ...]:
    """Read beats parted by empty lines; each line of a beat is one way to say it."""
    blocks = text.strip().split("\n\n")
    return tuple(tuple(block.splitlines()) for block in blocks)


OPENING, MIDWAY, ENDING, WAY_HOME, MORAL = read_beats("""
Once upon a time there was {intro} who lived near {place}.
Once upon a time, near {place}, there lived {intro}.
Once upon a time there was {intro}. Everybody near {place} knew {him}.
Once upon a time {intro} lived in a small {home} near {place}.
There once was {intro} who lived with {his} {kin} near {place}.
{Intro} lived in {a_cosy} {home} not far from {place}.
Long ago, near {place}, there lived {intro}.
{hero} was {a_trait} {kind}. {He} lived near {place} with {his} {kin}.
This is the story of {intro}, who lived near {place}.
In {a_cosy} {home} near {place} lived {intro}.
Far away, in the town of {town_name}, lived {intro}.
Nobody in {town_name} was as {trait} as {hero}, a young {kind} who lived near {place}.

The air smelled of {smell}, and the {bird} were singing.
The sun shone on the {flower}, and a light wind came up.
High above, {number} {bird} flew across the sky.
It was so quiet that one could hear the {bird} far away.
Somewhere a bell rang {number} times.
{hero} felt {scared} for a moment, but there was no turning back.
{hero} took a deep breath and thought about it.
A few drops of rain fell, but {hero} hardly noticed.
{hero} counted to {number} and tried to stay calm.
There were {flower} everywhere, and it smelled of {smell}.
{hero} was {tired}, but there was no time to rest.
Even the {bird} seemed to be listening.

From that day on, {hero} and {friend} were the best of friends.
That evening {hero} told {his} {kin} the whole story.
"What a day!" said {hero}, and {friend} laughed.
And if nobody has moved away, they still meet {in_place} today.
That night {hero} dreamed of {flower} and {colour} boats.
{His} {kin} hugged {him} and gave {him} some {food3}.
It was the best day that {hero} could remember.
{hero} went to bed {glad} and slept well that night.
They promised to meet again the next morning, and they did.

They talked about it all the way home.
On the way home they sang so loudly that even the {bird} fell silent.
{hero} smiled all the way home, and so did {friend}.
{hero} went home {glad} and slept well that night.
Then they shared some {food} and watched the sun go down.

And so {hero} learned that a good friend is worth more than gold.
{hero} never forgot that two heads are better than one.
After that, {he} always thought first and acted later.
It is never too late to say sorry.
Kind words cost nothing, but they are worth a great deal.
Those who keep trying will get there in the end.
Small helpers can do big things.
The truth is heavy at first, and then it becomes very light.
What you give away with a smile comes back to you.
Courage does not mean to have no fear. It means to go on in spite of it.
Patience makes even the longest road short.
Things are only things, but friends are friends.
A mistake is not the end. It is a place to start again.
Whoever listens well is never lost for long.
Sharing makes a small meal large.
""")
