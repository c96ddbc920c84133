"""The words of the synthetic corpus, by what they can stand for in a sentence."""


def read_table(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``name: item, item`` entries; an indented line goes on with the one before."""
    entries = text.strip().replace("\n    ", " ").splitlines()
    pairs = (entry.split(": ", 1) for entry in entries)
    return {name: tuple(items.split(", ")) for name, items in pairs}


WORDS = read_table("""
girl: Ada, Alma, Amira, Anna, Beatrice, Bella, Clara, Cora, Daisy, Dora, Elena, Ella, Emma, Eva,
    Fatima, Fiona, Freya, Grace, Greta, Hana, Hazel, Ida, Ines, Iris, Ivy, Jana, June, Kaya, Kira,
    Lara, Leila, Lena, Lily, Lucia, Luna, Maya, Mia, Mina, Nadia, Nina, Nora, Olga, Olive, Paula,
    Petra, Rosa, Ruby, Sara, Selma, Sofia, Stella, Tara, Thea, Tilda, Vera, Viola, Wanda, Zoe
boy: Adam, Alex, Amir, Anton, Arthur, Ben, Boris, Carlo, Caspar, Daniel, David, Edgar, Eli, Emil,
    Erik, Felix, Finn, George, Gus, Hassan, Henry, Hugo, Ian, Igor, Ivan, Jack, Jacob, Jonas,
    Karl, Kofi, Lars, Leo, Louis, Lukas, Marco, Martin, Max, Milo, Moritz, Nico, Noah, Oliver,
    Omar, Oscar, Otto, Paul, Peter, Rafael, Robin, Sam, Simon, Tariq, Theo, Tim, Tom, Victor,
    Walter, Yuri
pet_name: Acorn, Bramble, Bubbles, Button, Cinder, Clover, Cricket, Dapple, Dusty, Fern, Flicker,
    Freckle, Ginger, Hazelnut, Juniper, Maple, Mitten, Moss, Muffin, Nettle, Nutmeg, Pebble,
    Pepper, Pickle, Pip, Poppy, Puddle, Quill, Rusty, Sage, Scamp, Snowdrop, Sorrel, Sparky,
    Squeak, Tansy, Thimble, Thistle, Tumble, Twig, Velvet, Whisker, Willow
species: fox, rabbit, hedgehog, badger, otter, squirrel, mouse, bear, beaver, mole, hare, raccoon,
    weasel, cat, dog, wolf, ferret, porcupine, chipmunk, monkey, panda, koala, dormouse, marten
trait: brave, bright, busy, calm, careful, careless, cheerful, clever, clumsy, curious, daring,
    dreamy, eager, fearless, forgetful, friendly, funny, generous, gentle, hasty, helpful,
    hopeful, impatient, inventive, jolly, kind, lively, loud, merry, modest, noisy, patient,
    playful, polite, proud, quick, quiet, restless, sensible, serious, shy, silly, sleepy,
    stubborn, tidy, timid, thoughtful, wise
woman: mother, grandmother, aunt, sister
man: father, grandfather, uncle, brother
job: baker, barber, blacksmith, builder, butcher, captain, carpenter, cobbler, cook, dentist,
    doctor, driver, farmer, ferryman, fiddler, firefighter, fisherman, gardener, gatekeeper,
    glazier, grocer, innkeeper, jeweller, judge, librarian, mason, mayor, miller, miner, musician,
    nurse, painter, pilot, plumber, postman, potter, roofer, sailor, shepherd, singer, tailor,
    teacher, watchmaker, weaver, woodcutter
wild: in the forest, in the meadow, by the river, by the pond, at the lake, on the hill, in the
    valley, by the waterfall, in the orchard, on the beach, in the dunes, in the marsh, by the
    stream, on the heath, in the clearing, by the cliffs, in the vineyard, on the island, in the
    grove, at the edge of the woods, in the foothills, by the old oak, in the canyon, on the
    mountain
town: in the garden, at the market, at the harbour, in the village square, at the station, in the
    park, by the old mill, in the castle yard, at the farm, behind the school, by the fountain, at
    the playground, in the courtyard, by the lighthouse, on the bridge, near the bakery, in the
    museum garden, by the canal, at the fairground, behind the library, by the chapel, in the
    stable yard, at the boatyard, in the greenhouse
wild_spot: under a fallen log, behind a mossy stone, inside a hollow tree, among the tall ferns,
    beneath a thorny bush, between two roots, on a low branch, in the long grass, under a flat
    rock, beside an anthill, behind a curtain of ivy, in a heap of dry leaves, in a patch of
    clover, at the foot of a pine, near an empty nest, in a shallow puddle, between the reeds,
    under a wild rose, beside a rotten stump, in a sandy hole
town_spot: under a bench, behind a barrel, inside an empty crate, among the flowerpots, beneath
    the stairs, between two carts, on a window ledge, in a wheelbarrow, under a stone arch, beside
    the well, behind a wooden gate, in a pile of straw, under a cloth, on top of a wall, at the
    foot of a ladder, near the rubbish heap, in the gutter, between the baskets, under a parked
    wagon, beside a lamp post
thing: badge, ball, balloon, bell, belt, boat, book, boot, bottle, bowl, bracelet, brooch, brush,
    bucket, button, candle, cap, cape, cart, coin, comb, compass, crayon, crown, cup, cushion,
    doll, drum, feather, fiddle, flag, flute, glove, hammer, harmonica, hat, jar, key, kite,
    ladle, lamp, lantern, locket, map, marble, mask, medal, mirror, mitten, mug, necklace, needle,
    notebook, paintbrush, pebble, pencil, pillow, pinwheel, plate, purse, puppet, rattle, ribbon,
    ring, rope, sack, scarf, shell, shoe, sled, slipper, spoon, stamp, sword, tambourine, teapot,
    telescope, ticket, toy, trumpet, umbrella, vase, wagon, wallet, watch, whistle
colour: amber, beige, black, blue, bronze, brown, copper, coral, crimson, cream, golden, green,
    grey, indigo, lilac, maroon, navy, olive, orange, pink, purple, red, scarlet, silver,
    turquoise, violet, white, yellow
look: bright, crooked, dented, dusty, faded, fancy, little, lovely, new, old, painted, plain,
    polished, pretty, rusty, shabby, shiny, small, sparkling, spotted, striped, tiny, wooden, worn
food: almonds, apples, apricots, bacon, bananas, beans, beetroot, biscuits, blackberries, bread,
    buns, cabbage, cake, carrots, cheese, cherries, chestnuts, corn, crackers, crumpets,
    cucumbers, currants, custard, dates, dumplings, eggs, figs, gingerbread, grapes, ham, honey,
    jam, jelly, lemons, lettuce, marmalade, melon, muesli, muffins, mushrooms, noodles, nuts,
    oatcakes, omelette, onions, oranges, pancakes, peaches, pears, peas, peppers, pickles, pie,
    plums, popcorn, porridge, potatoes, pudding, pumpkin, radishes, raisins, raspberries, rice,
    rolls, salad, sausages, soup, spinach, stew, strawberries, tarts, toast, tomatoes, turnips,
    waffles, walnuts, yoghurt
animal: bat, butterfly, calf, chick, crab, cub, dove, duckling, fawn, foal, gosling, gull,
    hedgehog, heron, kid, kitten, lizard, magpie, moth, newt, owlet, parrot, pigeon, puppy, raven,
    robin, seal, snail, sparrow, starling, stork, swallow, swan, tadpole, tortoise, wren
trouble: caught in a thorny bush, stranded on a tiny island, shivering in the cold wind, stuck in
    a muddy ditch, tangled in an old net, trapped under a broken branch, sitting all alone on the
    path, crying at the bottom of a deep hole, trapped behind a wire fence, limping along with a
    splinter in its foot, lost in the thick fog, too weak to stand
tool: ladder, rope, blanket, stick, plank, spade, pole, shovel, rake, saw, hook, torch, net,
    broom, wheelbarrow, bandage, crate, bag, string, towel
skill: swim, whistle, juggle, bake bread, ride a bicycle, play the flute, tie a sailor's knot,
    climb the tallest oak, skip stones, tell the time, dance the polka, draw horses, knit a scarf,
    row a boat, sing in tune, count to a thousand, fly a kite, carve a spoon, skate on the ice,
    walk on stilts, write neatly, weave a basket, fold paper cranes, spell long words, milk a cow,
    play chess, cook soup, build a fire, dive from the pier, catch a ball, play the drum, turn a
    cartwheel, mend a sock, sail against the wind, paint clouds, whisper to horses, stand on one
    leg, throw a lasso, name the stars, plait hair
project: raft, birdhouse, treehouse, bridge, swing, hut, seesaw, scarecrow, snowman, sandcastle,
    windmill, bench, fence, kennel, tent, tower, stage, sledge, gate, beehive, puppet theatre,
    cart, dam, igloo, shelf
material: planks, branches, nails, ropes, stones, boxes, blankets, sticks, barrels, bricks,
    pebbles, reeds, logs, crates, wheels, boards, bottles, buckets, beams, tiles, feathers, shells
fragile: vase, teapot, plate, jug, mirror, lamp, bowl, saucer, clock, statue, pitcher, flowerpot,
    music box, honey jar, chair, violin, umbrella
sound: a soft scratching, a low humming, a strange tapping, a loud rattling, a gentle creaking, a
    faint whistling, an odd squeaking, a slow dripping, a sudden thump, a deep rumbling, a quick
    pattering, a sad howling, a muffled knocking, an eerie moaning, a tiny tinkling
culprit: an owl tapping at the glass, a mouse nibbling on a crust, a loose shutter in the breeze,
    a branch brushing against the roof, two kittens chasing a ball of wool, a frog in the rain
    barrel, a squirrel rolling nuts along the roof, a moth inside the lampshade, a goat chewing on
    the curtain, a hedgehog rolling a pear across the floor, the old pipe singing to itself, a cat
    that wanted to come in, a beetle in a paper bag, the weathercock turning in the wind, a
    raccoon washing a spoon
plant: sunflower, pumpkin, bean, tomato, carrot, pea, rose, tulip, melon, cabbage, radish, poppy,
    cucumber, lavender, daisy, marigold, onion, pansy
flower: violets, daisies, buttercups, roses, tulips, lilies, bluebells, primroses, snowdrops,
    daffodils
bird: sparrows, robins, swallows, larks, finches, crows, geese, thrushes, blackbirds, cuckoos
smell: hay, rain, warm bread, pine needles, wet earth, wild mint, sea salt, lavender, wood smoke,
    fresh paint, apple blossom, cinnamon
contest: kite race, baking contest, singing contest, boat race, sack race, drawing contest, dance,
    pumpkin show, spelling contest, snail race, puzzle contest, jumping contest, chess match,
    talent show, treasure hunt, parade, archery match
gift: a necklace of shells, a crown of daisies, a small clay cup, a painted stone, a paper
    lantern, a knitted scarf, a wooden whistle, a book of drawings, a jar of plum jam, a string of
    paper stars, a pillow filled with feathers, a carved walking stick, a lavender pouch, a poem
    in neat letters
treasure: a rusty box full of buttons, a bag of glass marbles, an old captain's hat, a silver
    spoon, a bottle with a letter inside, a chest of seashells, a tin of toy soldiers, a pocket
    watch, a ring with a green stone, a bundle of yellow letters, a drum without a skin, a tiny
    bronze horse
when: one sunny morning, one rainy afternoon, one windy day, one cold evening, early one Monday,
    on a hot summer day, on the first day of spring, one foggy morning, on a quiet Sunday, late
    one autumn day, one bright winter morning, the day before the holidays, one warm evening, one
    Saturday, on market day, just before sunset, at the end of May, on a frosty morning
went: walked, ran, hurried, skipped, strolled, wandered, raced, marched, tiptoed, trotted, dashed,
    crept, hopped, rushed
said: said, replied, answered, called, declared, added
asked: asked, inquired
called: called, cried, shouted, exclaimed
softly: softly, quietly, gently, kindly, warmly, shyly, calmly, firmly, cheerfully, slowly,
    earnestly, patiently, thoughtfully, politely, sleepily, bravely
carefully: carefully, slowly, gently, steadily, patiently, cautiously, neatly, calmly, quietly,
    skilfully
glad: happy, proud, pleased, delighted, cheerful, merry, thankful, joyful, content, relieved,
    grateful, overjoyed
sad: sad, gloomy, unhappy, miserable, worried, upset, downhearted, troubled, glum, tearful
scared: afraid, frightened, nervous, uneasy, terrified, startled, pale with fright
oh: Oh dear, Goodness, Look, Oh no, Dear me, Well, My word, Good gracious
hooray: Hooray, Wonderful, Splendid, Marvellous, Bravo, Fantastic, How lovely, What luck
fur: brown, grey, black, white, spotted, striped, young, small, tiny, thin, fluffy, pale, muddy
cosy: little, cosy, crooked, tidy, tall, narrow, old, quiet, sunny, draughty, pretty, warm
tired: tired, weary, out of breath, cold, hungry, thirsty, sleepy, exhausted
home: house, cottage, cabin, farmhouse, flat, bungalow
den: den, burrow, hollow, nest, hut, cave
number: three, four, five, six, seven, eight, nine, ten, eleven, twelve, fifteen, twenty
town_name: Ashford, Birchwood, Brookdale, Cliffton, Dunmore, Eastwick, Elmhurst, Fairview,
    Glenwood, Greenfield, Hillcrest, Kingsport, Lakeside, Larkspur, Maplewood, Millbrook,
    Northgate, Oakridge, Pinehurst, Riverton, Rosewood, Saltmarsh, Silverton, Southport,
    Stonebridge, Sunnyvale, Thornbury, Westhaven, Whitby, Winterfold
container: bag, barrel, basket, bin, box, cabinet, case, chest, crate, drawer, locker, pouch,
    suitcase, tin, trunk
""")


def with_article(words: str) -> str:
    """Return ``a`` or ``an`` and the words; the lists hold none whose sound belies its letter."""
    return f"an {words}" if words[0] in "aeiouAEIOU" else f"a {words}"
