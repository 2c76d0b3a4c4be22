"""Passwords that many people choose although they are long: the patterns, and the list.

    python -m tests.accounts.patterns > accounts/common_passwords.txt

Long lists of leaked passwords hold few entries of 15 characters and more, and those few
follow some patterns: a well-known word made long by digits, by itself or by a year, a
run over the keyboard, a run of digits, a saying. The list is made of these; it is
offline, and the check of breached passwords knows the rest.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

SHORTEST: Final = 15

#: What lists of leaked passwords begin with.
WORDS: Final = """\
password passw0rd p@ssw0rd p@ssword pa$$word passwort motdepasse contrasena wachtwoord
qwerty qwertz azerty qwertyuiop asdfgh asdfghjkl zxcvbnm 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
q1w2e3r4 abc123 abcd1234 abcdefgh test testing test123 testtest letmein welcome welcome1
admin administrator root guest user login secret changeme default access trustno1 master
iloveyou loveyou ilovegod jesus jesuschrist heaven angel princess sunshine flower summer
winter spring autumn monday friday january february november december football baseball
basketball soccer hockey liverpool arsenal chelsea barcelona juventus realmadrid
manchester superman batman spiderman starwars pokemon naruto dragon monkey tiger
elephant dolphin butterfly chocolate banana cheese cookie pepper ginger orange purple
computer internet samsung iphone google facebook microsoft windows android minecraft
fortnite playstation nintendo freedom whatever nothing hello helloworld goodluck
blessed forever family mother father brother sister daughter michael jennifer michelle
charlie jessica daniel andrew joshua ashley thomas jordan robert matthew anthony
william nicole hunter ranger cowboy yankees lakers steelers eagles mustang ferrari
mercedes corvette porsche diamond silver golden phoenix shadow killer hacker matrix
genius company business office manager service support student teacher school london
newyork america canada germany france england australia
brazil mexico"""

#: What is put before or after a word to make it longer.
DIGITS: Final = (
    *(
        "1234567890",
        "123456789",
        "12345678",
        "1234567",
        "123456",
        "12345",
        "0123456789",
    ),
    *("0987654321", "987654321", "87654321", "654321", "123123123", "112233445566"),
    *("0000000000", "1111111111", "!@#$%^&*()", "123456789012", "12345678901"),
)
YEARS: Final = tuple(str(year) for year in range(2019, 2028))

#: Runs over a keyboard, and over the alphabet with digits between.
RUNS: Final = (
    *("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"),
    *("azertyuiopqsdfghjklmwxcvbn", "asdfghjklqwertyuiopzxcvbnm"),
    *("zxcvbnmasdfghjklqwertyuiop", "mnbvcxzlkjhgfdsapoiuytrewq"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "zaq12wsxcde34rfvbgt5"),
    *("q1w2e3r4t5y6u7i8o9p0", "a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j"),
    *("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "abc123def456ghi789"),
    *(
        "qazwsxedcrfvtgbyhnujm",
        "1234qwerasdfzxcv5678tyuighjkvbnm",
        "qweasdzxcrtyfghvbn",
    ),
    *("12345678901234567890", "98765432109876543210", "01234567890123456789"),
    *("31415926535897932384626", "27182818284590452353", "11223344556677889900"),
    *("11112222333344445555", "12121212121212121212", "13579246801357924680"),
    *("0102030405060708091011", "100200300400500600700", "147258369147258369147"),
)

#: Sayings, titles and lines that people think nobody else thinks of.
SAYINGS: Final = """
this is my password
this is a password
my password is password
my secret password
the password is password
i forgot my password
please let me in now
let me in please
open sesame open sesame
correct horse battery staple
the quick brown fox
the quick brown fox jumps over the lazy dog
may the force be with you
luke i am your father
to be or not to be
that is the question
i love you so much
i love you forever
i love you more than anything
i will always love you
love is all you need
all you need is love
i love my family
i love my mother
i love my children
i love my husband
i love my wife and kids
i love chocolate cake
god is always good
god bless america
in god we trust
jesus is my savior
jesus loves me this i know
the lord is my shepherd
thank you jesus
trust in the lord
once upon a time
happy birthday to you
merry christmas and a happy new year
twinkle twinkle little star
mary had a little lamb
row row row your boat
humpty dumpty sat on a wall
supercalifragilisticexpialidocious
abracadabra alakazam
hakuna matata simba
to infinity and beyond
just keep swimming
winter is coming soon
you know nothing jon snow
game of thrones 2019
lord of the rings
one ring to rule them all
you shall not pass
my precious my precious
harry potter and the philosophers stone
expecto patronum 123
live long and prosper
beam me up scotty
houston we have a problem
i will be back soon
hasta la vista baby
here is looking at you kid
may the odds be ever in your favor
with great power comes great responsibility
i am your father luke
never gonna give you up
dont stop believing
we are the champions
we will rock you
bohemian rhapsody
stairway to heaven
hotel california
smells like teen spirit
highway to hell
let it be let it be
imagine all the people
somewhere over the rainbow
what a wonderful world
under the bridge
sweet child of mine
welcome to the jungle
knocking on heavens door
another brick in the wall
wish you were here
dark side of the moon
nothing else matters
master of puppets
enter sandman 123
living on a prayer
you will never walk alone
glory glory man united
come on you reds
hala madrid y nada mas
mes que un club
forza juventus per sempre
manchester united
manchester city
real madrid champions
dallas cowboys 1
new york yankees
los angeles lakers
green bay packers
pittsburgh steelers
united states of america
new york new york
san francisco california
made in germany
made in china 2020
viva la revolucion
liberte egalite fraternite
carpe diem carpe diem
veni vidi vici 123
memento mori memento
cogito ergo sum
lorem ipsum dolor sit amet
hello world hello world
hello darkness my old friend
hello my name is
what is your name
how are you today
i am the best ever
i am the greatest
i am number one
nobody knows my password
dont touch my computer
get out of my computer
do not enter please
keep out of here
none of your business
leave me alone please
go away and stay away
who let the dogs out
dogs are better than cats
cats are better than dogs
the cake is a lie
all your base are belong to us
i can has cheezburger
winner winner chicken dinner
an apple a day keeps the doctor away
practice makes perfect
time is money money
knowledge is power
no pain no gain
never give up never
never say never again
better late than never
easy come easy go
home sweet home
money makes the world go round
life is beautiful
life is a highway
live laugh love
follow your dreams
dreams come true
keep calm and carry on
yes we can yes we can
make america great again
black lives matter
save the planet earth
one two three four five
onetwothreefourfive
one two three four five six seven
four score and seven years ago
we the people of the united states
i have a dream
ask not what your country can do
elementary my dear watson
call me ishmael
it was the best of times
all animals are equal
big brother is watching you
war and peace 1234
alice in wonderland
the cat in the hat
green eggs and ham
the hobbit the hobbit
romeo and juliet
wherefore art thou romeo
the wizard of oz
there is no place like home
follow the yellow brick road
frankly my dear i dont give a damn
life is like a box of chocolates
run forrest run run
i see dead people
show me the money
you had me at hello
why so serious joker
i am batman i am batman
i am iron man 3000
i am groot i am groot
wakanda forever
avengers assemble
star wars star wars
the empire strikes back
return of the jedi
breaking bad 2013
say my name heisenberg
how you doing joey
the walking dead
the big bang theory
doctor who tardis
password for work
password for home
password for email
password for facebook
my work password
my bank password
my email password
temporary password
change me please
change this password
change password now
new password 2024
default password
administrator password
super secret password
top secret password
strong password here
very strong password
unbreakable password
welcome to the company
welcome to our company
company password
office password
welcome welcome
good morning everyone
happy new year 2025
summer summer summer
summer vacation
christmas christmas
valentines day
independence day
a very long password
very long password
winter is coming 12
long password 1234
new password 12345
test password 1234
secret password
kennwort 12345678
i am your father
may the 4th be with you
star trek star trek
the quick brown fox jumps
to be or not to be that is
one two three four
lorem ipsum dolor sit
1234abcd 1234abcd
administrator 1234
thanksgiving day
""".strip().split("\n")
ENDS: Final = ("", "1", "12", "123", "!", "2024", "2025", "2026")


def built() -> list[str]:
    """Return the whole list, sorted, in the form that is compared: without case."""
    made = {text.casefold() for text in _all() if len(text) >= SHORTEST}
    return sorted(made)


def _all() -> Iterator[str]:
    yield from _lengthened()
    yield from _repeated()
    yield from _walked()
    yield from _said()


def _lengthened() -> Iterator[str]:
    for word, digits in product(WORDS.split(), DIGITS):
        yield word + digits
        yield digits + word
    for word, end in product(WORDS.split(), ENDS):
        yield word + end
    for word, year in product(WORDS.split(), YEARS):
        yield word + year + word
        yield word + year + year
        yield word + year


def _repeated() -> Iterator[str]:
    for word, end in product(WORDS.split(), ENDS):
        yield word * 2 + end
        yield word * 3 + end


def _walked() -> Iterator[str]:
    for run in RUNS:
        for size in range(SHORTEST, min(len(run), 26) + 1):
            yield run[:size]
        yield run[::-1][:SHORTEST]


def _said() -> Iterator[str]:
    for saying, end in product(SAYINGS, ENDS):
        yield saying.replace(" ", "") + end
    for saying, joint in product(SAYINGS, (" ", "-", "_")):
        yield saying.replace(" ", joint)


if __name__ == "__main__":
    print("\n".join(built()))  # noqa: T201 - the list is its output
