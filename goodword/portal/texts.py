"""Ready texts that a partner can paste, one per channel, each with the disclosure inside. Pure words."""

from dataclasses import dataclass

from goodword.accounts.models import Program
from goodword.insights.offer import disclosure_of


@dataclass(frozen=True, slots=True)
class ReadyText:
    """A text for one channel, and why it is written this way."""

    channel: str
    text: str
    why: str


def ready_texts(program: Program, address: str) -> list[ReadyText]:
    """Texts for the usual channels. The disclosure comes first where people stop reading early."""
    told, name = disclosure_of(program), program.name
    return [
        ReadyText(
            "Short post",
            f"Ad · I recommend {name}: {address}",
            "“Ad” stands first, where nobody can miss it. A tag at the end is easily cut off.",
        ),
        ReadyText(
            "Website or newsletter",
            f"{told}\n\nI recommend {name}. You find them here: {address}",
            "The note stands above the link, in the same size as the text.",
        ),
        ReadyText(
            "E-mail to somebody you know",
            f"Hello,\n\nyou may want to look at {name}: {address}\n\nTo be open about it: {_lower(told)}",
            "Somebody who trusts you should know that you are paid, before they click.",
        ),
        ReadyText(
            "Said aloud, in a video or talk",
            f"A word on {name}, because it fits here. I am their partner: {_lower(told)} "
            "The link is in the description.",
            "Say it before the recommendation, and write it in the description too.",
        ),
    ]


def _lower(sentence: str) -> str:
    return sentence if sentence.startswith(("I ", "I'")) else sentence[:1].lower() + sentence[1:]
