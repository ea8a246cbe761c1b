"""English verbs whose forms no stemmer brings together: a question asks "grow", the answer says "grew"."""

from __future__ import annotations

_FAMILIES = """
arise arose arisen | awake awoke awoken | bear bore borne | beat beaten | become became | begin began begun | bend
bent | bind bound | bite bit bitten | bleed bled | blow blew blown | break broke broken | bring brought | build
built | burn burnt | buy bought | catch caught | choose chose chosen | cling clung | come came | creep crept | deal
dealt | dig dug | draw drew drawn | dream dreamt | drink drank drunk | drive drove driven | eat ate eaten | fall
fell fallen | feed fed | feel felt | fight fought | find found | flee fled | fly flew flown | forbid forbade
forbidden | forget forgot forgotten | forgive forgave forgiven | freeze froze frozen | get got gotten | give gave
given | go went gone | grind ground | grow grew grown | hang hung | hear heard | hide hid hidden | hold held | keep
kept | kneel knelt | know knew known | lay laid | lead led | lean leant | leap leapt | learn learnt | leave left |
lend lent | lie lain | light lit | lose lost | make made | mean meant | meet met | pay paid | ride rode ridden |
ring rang rung | rise rose risen | run ran | see saw seen | seek sought | sell sold | send sent | shake shook shaken
| shine shone | shoot shot | show shown | shrink shrank shrunk | sing sang sung | sink sank sunk | sit sat | sleep
slept | slide slid | speak spoke spoken | spend spent | spin spun | spring sprang sprung | stand stood | steal stole
stolen | stick stuck | sting stung | strike struck stricken | strive strove striven | swear swore sworn | sweep
swept | swim swam swum | swing swung | take took taken | teach taught | tear tore torn | tell told | think thought |
throw threw thrown | understand understood | wake woke woken | wear wore worn | weave wove woven | weep wept | win
won | wind wound | write wrote written
"""

FORMS: dict[str, tuple[str, ...]] = {
    form: tuple(other for other in family if other != form)
    for family in (part.split() for part in _FAMILIES.split("|"))
    for form in family
}
"""A form -> the other forms of its verb."""
