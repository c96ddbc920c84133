"""Plots of the synthetic corpus about learning something. See ``frames`` for their form."""

from alm.corpus.sources.synthetic.frames import read_beats

SKILL = read_beats("""
There was one thing that {he} could not do. {He} could not {skill}.
More than anything else, {hero} wanted to {skill}.
All {his} friends could {skill}, but {hero} could not.

{When}, {he} {went} {to_place} and tried it for the first time. It went wrong.
{When}, {he} tried it {number} times, and each time was worse than the last.
{His} {kin} laughed. "At your age I could not {skill} either," {khe} {said}.

"I will never learn it," {said} {hero}, and {he} felt {sad}.
{He} threw {his} {colour} hat on the ground. "It is too hard!"
"Why can everybody {skill} but me?" {he} {asked} {softly}.

{friend}, the old {job}, had been watching. "May I give you some advice?" {fhe} {asked}.
Just then {friend_intro} came along. "Shall I show you how I learned it?" {fhe} {asked}.
"Nobody is born a master," {said} {friend_intro}. "Watch me, and then try again."

"Start with a small part, and do it {carefully}," {said} {friend}. "The rest will follow."
"Do not look at your {hand}s. Look at where you want to go," {said} {friend} {softly}.
"Breathe, count to {number}, and begin again," {said} {friend}. "That is the whole secret."

So {hero} practised every day, in the sun and in the rain, {in_place}.
{hero} tried it on Monday, on Tuesday and on Wednesday. By Thursday it was a little better.
For {number} weeks {he} practised, and {friend} helped {him} {softly}.

And then, all of a sudden, it worked! "{hooray}!" {called} {friend}. "Look at you!"
One morning {he} could do it. {hero} could really {skill}!
When the big day came, {hero} could {skill} better than anybody {in_place}.

"Now you can teach somebody else," {said} {friend}, and {hero} did.
{hero} was {glad} and gave {friend} {a_colour} {thing} to say thank you.
{His} {kin} clapped {number} times and wiped away a tear.
""")

SHARING = read_beats("""
{When}, {his} {kin} gave {him} a basket full of {food}.
{When}, {hero} bought some {food} with {his} own money.
{hero} loved {food}. {When}, {he} had a whole basket of it.

{He} {went} {to_place}, sat down and wanted to eat it all by {himself}.
On a bench {in_place} {he} opened the basket. It smelled of {smell}.
"This is just enough for one," thought {hero}.

Then {friend_intro} came along. {Fhe} looked hungry and {sad}.
{Friend_intro} sat down beside {him}. "I have had nothing to eat since yesterday," {fhe} {said}.
{Friend_intro} stopped and looked at the {food}, but {fhe} was too shy to ask.

{hero} thought about it for a long time. {He} was hungry too.
At first {he} wanted to hide the {food} {spot}. Then {he} felt ashamed.
"If I share it, only half is left for me," thought {hero}. But then {he} looked at {friend}.

"Would you like some {food}?" {he} {asked} at last.
"Come, let us share," {said} {hero} {softly}. "There is enough for both of us."
{He} cut everything in two. "One half for you, and one half for me," {he} {said}.

"Thank you!" {said} {friend}. "I have some {food2}. We can share that too."
{friend} smiled. From {fhis} bag {fhe} took some {food2} and put it next to the {food}.
They ate and ate. {A_animal} came closer, and it got some {food} too.

It tasted better than ever, because nobody had to eat alone.
Soon {number} others came, each with something to eat, and it became a feast.
When everything was gone, both of them were full and {glad}.
""")

BUILDING = read_beats("""
{When}, {hero} and {friend_intro} wanted to build {a_project}.
"Let us build {a_project}!" {said} {friend_intro} {when}. {hero} liked the idea.
{hero} had always dreamed of {a_project} of {his} own, and {friend_intro} wanted to help.

They collected {material} and {material2} {in_place}.
The {job} gave them some {material}, and they found {material2} {spot}.
First they drew a plan. It needed {number} {material} and a great many {material2}.

{Carefully}, they put one piece on top of the other.
{friend} held the {material}, and {hero} tied them together with string.
"Careful!" {called} {friend}. "It must be strong enough for both of us."

But when {hero} sat down on it, there was a loud crack, and everything fell apart.
In the night a storm came, and the next morning the {project} lay in pieces.
They had been too hasty. The {project} leaned to one side and then fell over.

"That was your fault!" {called} {hero}. Then {he} saw how {sad} {friend} was. "I am sorry."
"All that work for nothing," {said} {friend}, and a tear ran down {fhis} cheek.
"{oh}!" {said} {hero}. For a while both of them were silent.

"Let us find out what was wrong," {said} {hero} {softly}. "Then we will do it better."
"We should ask the {job}," {said} {friend}. The {job} showed them how to make it strong.
So they began again, and this time they used {a_tool} and more {material2}.

After {number} days it was done. The new {project} was stronger than the first.
This time it held. They painted it {colour} and hung up {a_colour} flag.
"{hooray}!" {called} {friend}. It was the finest {project} {in_place}.
""")

MISTAKE = read_beats("""
On the shelf of {his} {kin} stood {a_look} {fragile}. Nobody was allowed to touch it.
{His} {kin} had {a_colour} {fragile} and was very proud of it.
In the kitchen there was {a_look} {fragile}, a present from {town_name}.

{When}, {hero} and {friend_intro} were playing ball in the house. Crash! Now it was broken.
{When}, {hero} wanted to show it to {friend_intro}. It slipped from {his} {hand}s and broke.
{When}, {friend_intro} came to visit. They danced, and {hero} bumped into the {fragile}.

"{oh}!" {said} {friend}. "What shall we do now?"
The {fragile} lay on the floor in {number} pieces. Both of them were {scared}.
{hero} turned pale. "Nobody must know about it," {he} whispered.

{He} swept up the pieces and hid them {spot}.
"We could say that the cat did it," {said} {hero}. {friend} shook {fhis} head.
They tried to glue it {carefully}, but it only got worse.

That evening {hero} could not eat {his} {food}. {His} stomach hurt.
In bed {he} turned from one side to the other. {He} felt more and more {sad}.
"The truth will not bite you," {friend} had {said}. {hero} thought about that all night.

So {he} went to {his} {kin}. "It was me," {he} {said} {softly}. "I broke the {fragile}. I am sorry."
In the morning {he} took the pieces and told {his} {kin} everything.
"I have to tell you something," {he} {said}, and then it all came out.

{His} {kin} was silent for a moment. "Thank you for telling me," {khe} {said}.
"I knew it already," {said} {his} {kin}. "I was only waiting for you to say it."
"A {fragile} can be replaced," {khe} {said}. "But I could never do without your honesty."

Together they put {flower} in an old {thing}, and it looked just as nice.
{hero} felt as light as a feather and ran to tell {friend}.
The next day {hero} and {friend} made a new one out of clay. It was crooked, but {khe} loved it.
""")

GIFT = read_beats("""
It would soon be the birthday of {friend_intro}. {hero} wanted to give {fhim} something special.
{When}, {hero} heard that {friend_intro} was ill and had to stay in bed.
{Friend_intro} was going to move to {town_name}. {hero} wanted to give {fhim} a present.

In a shop window {he} saw {a_colour} {thing}, but it cost {number} silver coins.
{He} looked into {his} purse. There were only {number} small coins in it.
At the market a trader showed {him} {a_look} {thing}. It was far too expensive.

"What can I give if I have no money?" {he} {asked} {his} {kin}.
{Sad} and {tired}, {he} {went} {to_place} and sat down {spot}.
"The best presents are not for sale," {said} {his} {kin} {softly}.

Then {he} had an idea. {He} would make {gift}!
{hero} remembered how to make {gift}, and {he} began at once.
{A_animal} hopped past, and suddenly {he} knew it: {he} would make {gift}.

{He} worked {carefully} for {number} evenings and told nobody about it.
Twice it went wrong, and twice {he} started again.
{His} {kin} brought {him} some {food}, and {he} worked on until it was dark.

When {friend} opened the parcel, {fhe} could not say a word. Then {fhe} laughed for joy.
"Did you make this for me?" {asked} {friend}. "It is the nicest thing that I have ever had!"
{friend} held it up to the light. "{hooray}!" {fhe} {said}. "I will keep it forever."
""")

ERRAND = read_beats("""
{When}, {his} {kin} needed {food}, {food2} and {food3}. "Can you get them for me?" {khe} {asked}.
"Please go to the shop," {said} {his} {kin} {when}. "We need {food}, {food2} and {food3}."
{When}, {hero} was allowed to go to the market alone for the first time.

"{Food}, {food2} and {food3}," {said} {hero} again and again, so as not to forget it.
{He} took {a_colour} basket and {number} coins and {went} {to_place}.
{hero} made a song of it: "{Food}, {food2}, {food3}, that is what I buy!"

{Friend_intro} was chasing {a_fur} {animal} down the road. {hero} helped {fhim} to catch it.
On the way {friend_intro} showed {him} {a_colour} {thing}, and they talked about it for a long time.
Then {friend_intro} came round the corner and told {him} a long story about {a_job}.

When {he} stood in the shop, {he} had forgotten what to buy. Only the {food} came to {his} mind.
"What can I do for you?" {asked} the {job}. {hero} turned red. {He} had forgotten it all!
At the shop {he} knew two things, but what was the third? It was not {food3}, or was it?

"Think of what your {kin} wants to cook," {said} {friend} {softly}.
"How did your song go?" {asked} {friend}. {hero} hummed it, and the words came back.
"Close your eyes and begin at the beginning," {said} the {job} {softly}.

"Of course!" {called} {hero}. "{Food}, {food2} and {food3}!" And nothing was missing.
"{hooray}! Now I know it," {said} {hero}, and soon the basket was full.
Then it all came back: {food}, {food2} and {food3}. {He} paid and even got {number} coins back.

{His} {kin} was {glad} and cooked a meal for all three of them.
"I knew that I could rely on you," {said} {his} {kin}, and {friend} was invited to dinner.
The next time {hero} wrote a list.
""")

CONTEST = read_beats("""
{When}, {hero} and {friend_intro} heard of a great {contest} {in_place}.
"Have you heard?" {asked} {friend_intro}. "There will be {a_contest} {in_place}!"
Once a year there was {a_contest} {in_place}. {hero} went there with {friend_intro}.

{hero} wanted to win it at any price. The prize was {a_colour} {thing}.
"I will win," {said} {hero}. "I am the best of all." {friend} only smiled.
{hero} was too shy to take part, but {friend} wrote {his} name on the list.

{He} got ready for {number} days and thought of nothing else.
On the day before, {he} was so {scared} that {he} could not eat {his} {food}.
{His} {kin} said: "Do what you can, and have fun."

There were {number} others, and the {job} was the judge.
The {job} blew a whistle, and off they went.
All the people of {town_name} had come to watch and cheered loudly.

In the middle of it {friend} fell over. {hero} stopped and helped {fhim} up.
Everything went well until {a_animal} ran right in front of {him}.
{hero} was in front when {he} saw that {friend} needed help. {He} turned back at once.

In the end somebody else won, but everybody clapped for {hero}.
{He} was only number {number}. "And yet I am {glad}," {said} {hero}.
The {job} gave {him} a special prize for being such a good friend.

"You are a true winner," {said} {friend} {softly}.
"Next year we will try it together," {said} {friend}, and they shook {hand}s on it.
Afterwards everybody got some {food}, and the music played until midnight.
""")

GARDEN = read_beats("""
{When}, {friend_intro} gave {him} {number} {plant} seeds.
{When}, {hero} found {a_plant} seed {spot} and showed it to {friend_intro}.
{hero} and {friend_intro} planted {a_plant} seed {when}.

They dug a hole, put the seed in and watered it {carefully}.
"How long will it take?" {asked} {hero}. "Longer than you think," {said} {friend}.
"It needs water, light and time," {said} {friend} {softly}.

Every day {hero} {went} to look at it, but there was nothing but earth.
After {number} days {he} became impatient. "It must be dead," {he} {said}.
{hero} wanted to dig it up again to see whether it grew. {friend} stopped {him}.

"Wait a little longer," {said} {friend}. "Under the earth a lot is going on."
"You cannot pull at a plant to make it grow," {said} {friend} {softly}.
{His} {kin} told {him} about a tree that had slept for {number} winters.

Then it rained for {number} days, and after that the sun shone.
{hero} sang to it every evening, and {friend} chased away the {bird}.
{A_animal} sat next to it every night, as if to guard it.

One morning there was a tiny green leaf! "{hooray}!" {called} {hero}.
And then it came up, first as small as a needle, then as tall as {hero}.
In the end the {plant} grew so tall that everybody {in_place} came to see it.
""")

QUARREL = read_beats("""
{hero} and {friend_intro} did everything together.
Since they were small, {hero} had played with {friend_intro} every day.
Nobody had ever seen {hero} without {friend_intro}.

{When}, both of them wanted the same {colour} {thing}. "I saw it first!" {called} {hero}.
{When}, {friend} broke the {colour} {thing} of {hero} and did not say a word about it.
{When}, they could not agree who was to carry the {thing}. They pulled until it broke.

"I will never talk to you again!" {called} {friend}, and {fhe} ran away.
"You are not my friend any more," {said} {hero} and {went} home alone.
They turned their backs on each other, and nobody wanted to say the first word.

For {number} days they did not speak. {hero} played {in_place}, but it was no fun alone.
{hero} ate {his} {food} without a word. "What is wrong?" {asked} {his} {kin}.
Even the {flower} looked {sad} to {hero}, and the {bird} sang out of tune.

"Somebody has to begin," {said} {his} {kin} {softly}. "Why should it not be you?"
Then {he} met the old {job}. "Pride is a cold bed to sleep in," the {job} {said}.
At night {he} thought of {friend} and of all that they had done together.

So {hero} took {gift} and knocked on the door. "I am sorry," {he} {said} {softly}.
The next morning {he} met {friend} halfway. {Fhe} had been coming to say the same thing.
"I miss you more than I need any {thing}," {said} {hero}. {friend} had tears in {fhis} eyes.

"I am sorry too," {said} {friend}, and they laughed and cried at the same time.
They mended the {thing} together, and now it belonged to both of them.
"Let us never do that again," {said} {friend}, and they shared some {food} on it.
""")
