"""What English abbreviations, units, symbols and letters stand for."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ABBREVIATIONS", "CURRENCIES", "DOTTED", "LETTER_NAMES", "MONTHS", "REGNAL_NAMES", "ROMAN_LEADERS",
    "SHORT_WORDS", "SPELLED", "SPOKEN_ACRONYMS", "SYMBOLS", "UNITS", "WHOLE",
]  # fmt: skip

#: How a letter's name is written so that letter-to-sound rules read it right.
LETTER_NAMES: Mapping[str, str] = {
    "a": "ay", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "eff", "g": "gee", "h": "aitch", "i": "eye",
    "j": "jay", "k": "kay", "l": "el", "m": "em", "n": "en", "o": "oh", "p": "pee", "q": "cue", "r": "ar",
    "s": "ess", "t": "tee", "u": "you", "v": "vee", "w": "double you", "x": "ex", "y": "why", "z": "zee",
}  # fmt: skip

MONTHS: Mapping[str, str] = {
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "may": "may", "jun": "june",
    "jul": "july", "aug": "august", "sep": "september", "sept": "september", "oct": "october",
    "nov": "november", "dec": "december",
}  # fmt: skip

#: Abbreviations that end in a full stop, which is not the end of the sentence.
DOTTED: Mapping[str, str] = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "mx": "mix", "prof": "professor", "rev": "reverend",
    "hon": "honorable", "gen": "general", "col": "colonel", "lt": "lieutenant", "sgt": "sergeant",
    "capt": "captain", "cmdr": "commander", "maj": "major", "gov": "governor", "sen": "senator",
    "rep": "representative", "pres": "president", "messrs": "messers", "mt": "mount", "ft": "fort",
    "approx": "approximately", "vs": "versus", "fig": "figure", "vol": "volume", "ch": "chapter", "dept": "department",
    "est": "established", "ave": "avenue", "blvd": "boulevard", "rd": "road", "ln": "lane", "hwy": "highway",
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday",
    "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday", "ext": "extension",
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june", "jul": "july",
    "aug": "august", "sep": "september", "sept": "september", "oct": "october", "nov": "november",
    "dec": "december", "al": "al", "cf": "compare", "pp": "pages", "p": "page", "ca": "circa",
}  # fmt: skip
#: Those of them that are words of their own without the stop and in lower case.
AMBIGUOUS_DOTTED = frozenset(
    ("col", "gen", "rep", "fig", "sun", "sat", "mar", "wed", "al", "ca", "p", "pp", "ave", "est", "ch", "mix", "hon")
)

#: Abbreviations whose stop may end the sentence as well.
ABBREVIATIONS: Mapping[str, str] = {
    "etc": "et cetera", "jr": "junior", "sr": "senior", "inc": "incorporated", "ltd": "limited", "co": "company",
    "corp": "corporation", "bros": "brothers", "e.g": "for example", "i.e": "that is", "a.m": "ay em",
    "p.m": "pee em", "esq": "esquire", "a.k.a": "also known as", "w/o": "without", "w/": "with",
    "b/c": "because",
}  # fmt: skip

#: Read as a whole.
WHOLE: Mapping[str, str] = {
    "C++": "see plus plus", "C#": "see sharp", "PhD": "pee aitch dee", "Ph.D.": "pee aitch dee", "'n'": "and",
}  # fmt: skip

#: Unit → (one, many); only right after a number.
UNITS: Mapping[str, tuple[str, str]] = {
    "km/h": ("kilometer per hour", "kilometers per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"), "mph": ("mile per hour", "miles per hour"),
    "km²": ("square kilometer", "square kilometers"), "m²": ("square meter", "square meters"),
    "m2": ("square meter", "square meters"), "m³": ("cubic meter", "cubic meters"),
    "ft²": ("square foot", "square feet"), "sq ft": ("square foot", "square feet"),
    "km": ("kilometer", "kilometers"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "nm": ("nanometer", "nanometers"), "m": ("meter", "meters"), "mi": ("mile", "miles"), "yd": ("yard", "yards"),
    "ft": ("foot", "feet"), "kg": ("kilogram", "kilograms"), "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"), "mL": ("milliliter", "milliliters"), "l": ("liter", "liters"),
    "L": ("liter", "liters"), "gal": ("gallon", "gallons"), "ms": ("millisecond", "milliseconds"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"), "yr": ("year", "years"), "yrs": ("year", "years"), "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"),
    "KB": ("kilobyte", "kilobytes"), "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"), "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"), "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"),
    "mA": ("milliampere", "milliamperes"), "dB": ("decibel", "decibels"), "px": ("pixel", "pixels"),
    "fps": ("frame per second", "frames per second"), "rpm": ("revolution per minute", "revolutions per minute"),
    "°C": ("degree celsius", "degrees celsius"), "°F": ("degree fahrenheit", "degrees fahrenheit"),
    "°": ("degree", "degrees"), "x": ("times", "times"), "×": ("times", "times"), "pct": ("percent", "percent"),
    "HP": ("hit point", "hit points"), "XP": ("experience point", "experience points"),
}  # fmt: skip

#: Sign or code → (one, many, one hundredth, many hundredths).
CURRENCIES: Mapping[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"), "USD": ("dollar", "dollars", "cent", "cents"),
    "US$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence"),
    "GBP": ("pound", "pounds", "penny", "pence"), "¥": ("yen", "yen", "sen", "sen"),
    "JPY": ("yen", "yen", "sen", "sen"), "₹": ("rupee", "rupees", "paisa", "paise"),
    "CHF": ("franc", "francs", "centime", "centimes"), "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "¢": ("cent", "cents", "", ""),
}  # fmt: skip

SYMBOLS: Mapping[str, str] = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "°": "degrees", "§": "section",
    "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about", "~": "about", "≤": "at most",
    "≥": "at least", "<": "less than", ">": "greater than", "∞": "infinity", "√": "root", "−": "minus",
    "$": "dollars", "€": "euros", "£": "pounds", "#": "number", "½": "one half", "¼": "one quarter",
    "¾": "three quarters", "⅓": "one third", "⅔": "two thirds", "⅛": "one eighth",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "Δ": "delta", "λ": "lambda", "μ": "mu", "µ": "micro",
    "π": "pi", "σ": "sigma", "Σ": "sigma", "φ": "phi", "ω": "omega", "Ω": "omega", "θ": "theta",
}  # fmt: skip

#: Written in capitals and read as words.
SPOKEN_ACRONYMS = frozenset(
    ("NASA", "NATO", "UNICEF", "UNESCO", "LASER", "RADAR", "SONAR", "AIDS", "OPEC", "FIFA", "SCUBA", "COVID", "SWAT",
     "PIN", "RAM", "ROM", "GIF", "JPEG", "LEGO", "IKEA", "ASAP", "NAFTA", "POTUS", "YOLO", "SIM", "ACID", "BASIC")
)  # fmt: skip
#: Written in capitals and spelled, although they could be read.
SPELLED = frozenset(
    ("USA", "US", "UK", "EU", "UN", "FBI", "CIA", "AI", "TV", "PC", "CEO", "ID", "DIY", "FAQ", "ATM", "API", "URL",
     "NPC", "UI", "UFO", "VIP", "RIP", "BBC", "CNN", "DNA", "RNA", "GPS", "CD", "DVD", "MP", "PM", "AM", "BC", "AD",
     "BCE", "CE", "OK", "HQ", "IQ", "EQ", "IT", "HR", "PR", "VR", "AR", "XR", "UAE", "EA", "IOU", "AKA", "LAPD",
     "NYPD", "IRS", "IBM", "KGB", "MI", "RSVP", "PS", "SOS", "DJ", "MC", "RPG", "FPS", "MMO", "CPU", "GPU", "USB",
     "PDF", "HTML", "HTTP", "LED", "LCD", "UV", "ETA", "ER", "PHD", "MBA", "BA", "MA", "NBA", "NFL", "WHO")
) - {"IT", "US", "AM", "MA", "WHO", "RIP", "ER"}  # fmt: skip
_SHORT_WORDS = """
a i am an as at be by do go he hi if in is it me my no of oh on or ox so to uh um up us we all and any are ask
bad big but buy can cry cut dad day did die dog eat end far few for fun get god got had has her hey hit him his
hot how its job joy let lie lot mad man may men mom mum new not now odd off oil old one our out own pay put ran
red rid run sad sat saw say see set she sit six son stop sun ten the too top try two use war was way who why
win won yes yet you aim act add age ago air arm art ate bag bed bet bit box boy bus bye car cat cup due ear egg
eye fat fed fit fix fly fox gas gun guy ice ill jaw key kid kin law lay led leg lip low map mix mud net nor  nut
owe pig pin pit ray raw row rub sea shy sin sir ski sky spy tax tea tie tip toe via wet yup nah wow huh aha  ugh
"""
#: Short words that people write in capitals when they shout.
SHORT_WORDS = frozenset(_SHORT_WORDS.split())  # fmt: skip

#: After these a Roman numeral is a plain number.
ROMAN_LEADERS = frozenset(
    ("chapter", "part", "act", "scene", "volume", "book", "war", "section", "phase", "type", "class", "level",
     "episode", "season", "title", "appendix", "article", "figure", "table", "stage", "grade", "rocky", "mark",
     "round", "case", "exhibit", "category", "superbowl", "bowl", "apollo", "saturn", "fantasy", "quest", "schedule")
)  # fmt: skip
#: After these a Roman numeral is "the" with its ordinal.
REGNAL_NAMES = frozenset(
    ("henry", "louis", "elizabeth", "john", "paul", "pius", "george", "edward", "richard", "charles", "william",
     "james", "philip", "frederick", "napoleon", "benedict", "francis", "leo", "gregory", "innocent", "alexander",
     "nicholas", "peter", "catherine", "mary", "ivan", "ramesses", "ramses", "darius", "xerxes", "ptolemy", "otto",
     "carl", "gustav", "christian", "haakon", "robert", "david", "malcolm", "clement", "urban", "boniface", "julius",
     "sixtus", "wilhelm", "ludwig", "joseph", "leopold", "albert", "harald", "olaf", "constantine", "theodore",
     "thutmose", "amenhotep", "stephen", "matilda", "anne", "margaret", "isabella", "ferdinand", "alfonso", "pedro")
)  # fmt: skip
