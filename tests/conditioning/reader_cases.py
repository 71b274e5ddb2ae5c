"""Sixty lines and what a reader expects of each, written before the reader was tuned.

``top``: the strongest weight is one of these. ``calm``: nothing above 0.3. ``not_top``: the strongest weight is none
of these, or below 0.3. ``valence``: its sign. ``both``: each of these at least 0.15. ``more``: this line has more of it
than ``than`` has; ``arousal`` counts the sum of the weights of fear, surprise, anger, joy and anticipation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A line and what must hold for its reading."""

    text: str
    kind: str
    top: tuple[str, ...] = ()
    not_top: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    valence: int = 0
    calm: bool = False
    more: str = ""
    than: str = ""


def _top(kind: str, text: str, *names: str) -> Case:
    return Case(text, kind, top=names)


CASES = (
    _top("plain", "I'm so happy you came!", "joy"),
    _top("plain", "This is the best day of my life.", "joy"),
    _top("plain", "Thank you so much, I couldn't have done it without you.", "joy", "trust"),
    _top("plain", "I miss her every single day.", "sadness"),
    _top("plain", "My dog died this morning.", "sadness"),
    _top("plain", "I'm sorry for your loss.", "sadness", "trust"),
    _top("plain", "Get out of my house, you liar!", "anger", "disgust"),
    _top("plain", "How dare you speak to me like that?", "anger"),
    _top("plain", "I'm scared. There's someone in the house.", "fear"),
    _top("plain", "Run! It's right behind us!", "fear", "surprise", "anticipation"),
    _top("plain", "What? You're getting married?", "surprise"),
    _top("plain", "Wow, I never expected that.", "surprise"),
    _top("plain", "That smell is disgusting. I'm going to be sick.", "disgust"),
    _top("plain", "I can't wait for tomorrow!", "anticipation", "joy"),
    _top("plain", "I trust you with my life.", "trust"),
    _top("plain", "You have my word. I'll always be there for you.", "trust", "joy"),
    Case("The meeting is at three o'clock.", "neutral", calm=True),
    Case("He put the box on the table.", "neutral", calm=True),
    Case("The store opens at nine on Sundays.", "neutral", calm=True),
    Case("Turn left at the next corner.", "neutral", calm=True),
    Case("I'm not happy about this.", "negation", valence=-1),
    Case("I don't love you anymore.", "negation", valence=-1),
    Case("I'm not afraid of you.", "negation", not_top=("fear",)),
    Case("This is not good at all.", "negation", valence=-1),
    Case("There's nothing to be scared of.", "negation", not_top=("fear",)),
    Case("It wasn't bad. I actually liked it.", "negation", valence=1),
    Case("I'm not angry with you.", "negation", not_top=("anger",)),
    Case("Nobody likes me.", "negation", valence=-1),
    Case("I never felt so alive.", "negation", valence=1),
    Case("I couldn't be happier.", "negation", valence=1),
    Case("Great, just great...", "irony", valence=-1),
    Case("Oh, wonderful. Another flat tire.", "irony", valence=-1),
    Case("Yeah, right. As if you cared.", "irony", valence=-1),
    Case("Thanks a lot for ruining my birthday.", "irony", valence=-1),
    Case("Well, that's just perfect... the car won't start.", "irony", valence=-1),
    Case("Nice job, genius. You broke it.", "irony", valence=-1),
    Case("Sure, because that worked so well last time.", "irony", valence=-1),
    Case("I just love being ignored.", "irony", valence=-1),
    _top("emoji", "I passed the exam 😂🎉", "joy"),
    _top("emoji", "She left me 💔", "sadness"),
    _top("emoji", "ok 😡", "anger"),
    _top("emoji", "What is that 😱", "fear", "surprise"),
    _top("emoji", "Ugh 🤢", "disgust"),
    _top("emoji", "See you tonight 😍", "joy"),
    _top("emoji", "We lost the game :(", "sadness"),
    _top("emoji", "We won the game :)", "joy"),
    Case("Fine. 🙄", "emoji", valence=-1),
    _top("emoji", "😭😭😭", "sadness"),
    Case("I HATE YOU!!!", "emphasis", more="anger", than="I hate you"),
    Case("COME HERE!", "emphasis", more="arousal", than="come here"),
    Case("WE WON!!!", "emphasis", more="joy", than="we won"),
    Case("HELP ME!!!", "emphasis", more="arousal", than="help me"),
    Case("NOOOO!!!", "emphasis", more="arousal", than="no"),
    Case("I'm extremely worried.", "emphasis", more="fear", than="I'm a little worried."),
    Case("I'm so very happy!", "emphasis", more="joy", than="I'm happy."),
    Case("You're late AGAIN!", "emphasis", more="anger", than="You're late."),
    Case("I'm happy for you, but I'll miss you so much.", "mixed", both=("joy", "sadness")),
    Case("I can't believe you did this to me.", "mixed", valence=-1),
    _top("mixed", "Please don't leave me.", "sadness", "fear"),
    _top("mixed", "I don't know what to do anymore.", "sadness", "fear"),
)


#: Thirty more lines, written after the reader was first tuned. The rules of irony were later rewritten with these in
#: view: they no longer tell how new lines fare, those below do.
FRESH_CASES = (
    _top("plain", "We did it! I'm so proud of you!", "joy", "trust"),
    _top("plain", "They killed my brother, and I'll make them pay.", "anger", "sadness"),
    _top("plain", "I feel so alone without him.", "sadness"),
    _top("plain", "What a beautiful morning!", "joy"),
    _top("plain", "Don't move. There's a snake by your foot.", "fear", "surprise", "anticipation"),
    _top("plain", "You lied to me, and I will never forgive you.", "anger", "sadness", "disgust"),
    _top("plain", "I'm terrified of the dark.", "fear"),
    _top("plain", "Wait, you knew about this all along?", "surprise", "anger"),
    _top("plain", "This soup tastes like rotten eggs.", "disgust"),
    _top("plain", "Thank you, my friend. I knew I could count on you.", "trust", "joy"),
    _top("plain", "I wonder what's behind that door.", "anticipation", "surprise"),
    _top("plain", "I'm so ashamed of what I did.", "sadness", "fear", "disgust"),
    Case("The bridge is two miles north of here.", "neutral", calm=True),
    Case("My name is Thomas, and this is my shop.", "neutral", calm=True),
    Case("I will be back at noon.", "neutral", calm=True),
    Case("I'm not sad, really.", "negation", not_top=("sadness",)),
    Case("I don't trust him.", "negation", not_top=("trust",)),
    Case("That is not funny.", "negation", valence=-1),
    Case("She was never happy here.", "negation", valence=-1),
    Case("Oh great, it's raining again...", "irony", valence=-1),
    Case("What a brilliant plan. We're lost.", "irony", valence=-1),
    Case("Thanks for nothing.", "irony", valence=-1),
    Case("Lovely. Just what I needed, more work...", "irony", valence=-1),
    _top("emoji", "happy birthday 🥳🥳", "joy"),
    _top("emoji", "I failed again 😞", "sadness"),
    _top("emoji", "get away from me 🤬", "anger"),
    Case("STOP IT!!!", "emphasis", more="arousal", than="stop it"),
    Case("I'm very sad.", "emphasis", more="sadness", than="I'm slightly sad."),
    Case("I love this house, but it scares me at night.", "mixed", both=("joy", "fear")),
    Case("Goodbye, old friend.", "mixed", not_top=("anger", "disgust")),
)


#: Thirty more, a third of them ironic and a fifth praise that is meant, written before the rules of irony were
#: rewritten and not used for it.
BLIND_CASES = (
    *(
        Case(text, "irony", valence=-1)
        for text in (
            "Oh, brilliant. The bridge is out.",
            "Great. More paperwork, just how I wanted to spend my night.",
            "Thanks a lot, Einstein, now the whole castle knows we're here.",
            "Oh sure, because your last plan ended so beautifully.",
            "How kind of you to show up three hours late.",
            "I just love it when people talk over me.",
            "Fantastic work, everyone. We nearly drowned.",
            "Wow, a whole copper coin. I'm rich.",
            "Lucky me, I get to clean the stables again.",
            "Right, like he would ever apologize.",
        )
    ),
    *(
        Case(text, "praise", valence=1)
        for text in (
            "Great! Let's get started!",
            "What a brilliant plan. We're saved!",
            "Thanks a lot, that really helped.",
            "Oh, wonderful. You brought the medicine.",
            "Good job, everyone. The harvest is in.",
            "How kind of you to wait for me.",
        )
    ),
    _top("plain", "You saved my daughter's life.", "joy", "trust"),
    _top("plain", "I can still hear them screaming.", "fear", "sadness"),
    _top("plain", "Don't you ever touch my sword again.", "anger"),
    _top("plain", "We buried him under the old oak.", "sadness"),
    _top("plain", "There are maggots in the bread.", "disgust"),
    _top("plain", "Tomorrow we ride for the capital!", "anticipation", "joy"),
    _top("plain", "You're alive? But I saw you fall!", "surprise"),
    _top("plain", "I'd follow you anywhere, captain.", "trust", "joy"),
    Case("The key is under the mat.", "neutral", calm=True),
    Case("Two loaves and a jug of milk, please.", "neutral", calm=True),
    Case("The ship leaves from the north dock.", "neutral", calm=True),
    Case("I'm not scared anymore.", "negation", not_top=("fear",)),
    Case("Nobody's mad at you.", "negation", not_top=("anger",)),
    Case("I never said I was proud of it.", "negation", not_top=("joy",)),
)


#: Forty lines, most of them events told in plain words, written before any was read. Some phrases of the lexicon were
#: later written in view of what was missed.
EVENT_CASES = (
    _top("event", "We buried him this morning.", "sadness"),
    _top("event", "They burned the village.", "sadness", "anger", "fear"),
    _top("event", "You saved my life.", "joy", "trust"),
    _top("event", "The doctor says she has three weeks.", "sadness", "fear"),
    _top("event", "I lost my job today.", "sadness"),
    _top("event", "Our house burned down last winter.", "sadness", "fear"),
    _top("event", "She said yes.", "joy", "surprise"),
    _top("event", "My son was born last night.", "joy"),
    _top("event", "I got the promotion.", "joy"),
    _top("event", "The war is over. We can go home.", "joy", "trust"),
    _top("event", "The harvest failed again. We won't make it through the winter.", "sadness", "fear"),
    _top("event", "They took my daughter.", "anger", "fear", "sadness"),
    _top("event", "He hit me.", "anger", "sadness", "fear"),
    _top("event", "Somebody stole my horse.", "anger", "sadness"),
    _top("event", "The wolves are coming.", "fear", "anticipation"),
    _top("event", "There is blood on the floor.", "fear", "disgust", "surprise"),
    _top("event", "My mother passed away when I was six.", "sadness"),
    _top("event", "The ship went down with all hands.", "sadness", "fear"),
    _top("event", "He never came back from the war.", "sadness"),
    _top("event", "We found the children. They are all safe.", "joy", "trust"),
    _top("event", "The plague has reached the city.", "fear", "sadness", "disgust"),
    _top("event", "I got a letter from my brother. He's coming home!", "joy", "anticipation"),
    _top("event", "He sold me out to the guards.", "anger", "disgust", "sadness"),
    _top("event", "The tumor is gone.", "joy", "trust"),
    _top("event", "They fired everyone at the mill.", "sadness", "anger"),
    _top("event", "She left him at the altar.", "sadness", "surprise", "anger"),
    _top("event", "I can't feel my legs.", "fear", "sadness"),
    _top("event", "We're out of food and water.", "fear", "sadness"),
    _top("event", "The king has been murdered.", "fear", "sadness", "surprise", "anger"),
    _top("event", "There's a body in the well.", "fear", "disgust", "surprise", "sadness"),
    _top("event", "You made my little girl smile again.", "joy", "trust"),
    _top("event", "I won the tournament!", "joy"),
    _top("event", "The bridge collapsed while they were crossing.", "fear", "sadness", "surprise"),
    _top("event", "He spat in my drink.", "disgust", "anger"),
    _top("event", "You have been a good friend to this town.", "trust", "joy"),
    _top("event", "They hanged her at dawn.", "sadness", "anger", "fear"),
    Case("The inn is just past the mill.", "neutral", calm=True),
    Case("I sell rope, nails and lamp oil.", "neutral", calm=True),
    Case("The caravan arrives on Tuesday.", "neutral", calm=True),
    Case("Follow the river until you see the tower.", "neutral", calm=True),
)


#: Forty more, written before the rule for events and before our own lines of training; neither has them.
LATER_EVENT_CASES = (
    _top("event", "The mine caved in with my father inside.", "sadness", "fear"),
    _top("event", "Our crops have withered.", "sadness", "fear"),
    _top("event", "My brother drowned in the flood.", "sadness"),
    _top("event", "She never woke up.", "sadness", "fear"),
    _top("event", "They poisoned the wells.", "anger", "fear", "disgust"),
    _top("event", "He cheated me out of my inheritance.", "anger", "disgust", "sadness"),
    _top("event", "My leg is broken.", "sadness", "fear"),
    _top("event", "The fever took both of her children.", "sadness"),
    _top("event", "We were ambushed on the north road.", "fear", "anger", "surprise"),
    _top("event", "I was exiled for a crime I did not commit.", "sadness", "anger"),
    _top("event", "The surgery was a success.", "joy", "trust"),
    _top("event", "They are getting married in the spring.", "joy", "anticipation"),
    _top("event", "We found gold in the river!", "joy", "surprise"),
    _top("event", "My daughter took her first steps today.", "joy"),
    _top("event", "The siege has been lifted.", "joy", "trust"),
    _top("event", "The rescue party arrived in time.", "joy", "trust"),
    _top("event", "You taught me everything I know.", "trust", "joy"),
    _top("event", "Something is scratching at the door.", "fear", "surprise", "anticipation"),
    _top("event", "The dam is about to burst.", "fear", "anticipation"),
    _top("event", "There are rats in the kitchen.", "disgust", "fear"),
    _top("event", "He kicked my dog.", "anger", "sadness", "disgust"),
    _top("event", "They tortured the prisoners.", "anger", "disgust", "fear", "sadness"),
    _top("event", "My wife left me for my best friend.", "sadness", "anger"),
    _top("event", "I failed you, my lord.", "sadness", "fear", "disgust"),
    _top("event", "The letter says he died at sea.", "sadness"),
    _top("event", "We have been evicted.", "sadness", "anger", "fear"),
    _top("event", "The assassin is still in the castle.", "fear"),
    _top("event", "I was accepted into the academy.", "joy"),
    _top("event", "Father gave me his old sword before he went.", "sadness", "trust", "joy"),
    _top("event", "The meat is crawling with worms.", "disgust"),
    _top("event", "You lied under oath.", "anger", "disgust"),
    _top("event", "The orphanage is closing.", "sadness"),
    _top("event", "The stranger followed me home.", "fear"),
    _top("event", "He paid off all our debts.", "joy", "trust", "surprise"),
    Case("The blacksmith lives next to the chapel.", "neutral", calm=True),
    Case("It takes two days to reach the coast.", "neutral", calm=True),
    Case("Bring the cart around to the gate.", "neutral", calm=True),
    Case("Ten silver for the saddle.", "neutral", calm=True),
    Case("He works at the harbor.", "neutral", calm=True),
    Case("There are three doors in this corridor.", "neutral", calm=True),
)
