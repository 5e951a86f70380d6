"""What people write about themselves in the proof that nothing of them is left.

Every value holds its person's marker, a word of small letters that stands nowhere else, and letters beyond
ASCII, which software escapes.
"""

from dataclasses import dataclass

THINGS = "qzthelmopa"
COMMENT = "qzcomvanju"


@dataclass(frozen=True)
class Tokens:
    """All that one person gives away, each value found by `markers`."""

    marker: str
    network_address: str
    country: str

    @property
    def markers(self) -> tuple[str, ...]:
        """What a scanner looks for: the word, and the network address in its two forms."""
        return (self.marker, self.network_address)

    @property
    def address(self) -> str:
        return f"Zoë.{self.marker}@bücher-{self.marker}.example.org"

    @property
    def spellings(self) -> tuple[str, ...]:
        """The same mailbox as it may be typed elsewhere: in large letters, or as DNS has it."""
        domain = f"bücher-{self.marker}.example.org"
        return (
            f"ZOË.{self.marker.upper()}@{domain.upper()}",
            f"zoe\N{COMBINING DIAERESIS}.{self.marker}@{domain.encode('idna').decode()}",
        )

    @property
    def on_the_wire(self) -> str:
        """The address as mail servers see it."""
        domain = f"bücher-{self.marker}.example.org".encode("idna").decode()
        return f"Zoë.{self.marker}@{domain}"

    @property
    def name(self) -> str:
        return f"Zoë “{self.marker}” Åström & Söhne"

    @property
    def company(self) -> str:
        return f"Gärtnerei {self.marker} <GmbH>"

    @property
    def user_agent(self) -> str:
        return f"Mozilla/5.0 ({self.marker}; rv:1)"

    @property
    def password(self) -> str:
        return f"long walk {self.marker} in the rain"


ALICE = Tokens("qzalvikepu", "2001:db8:a11c:e5ca:beef:77:5eed:1", "IS")
BOB = Tokens("qzbomtryxa", "2001:db8:b0b:e5ca:beef:77:5eed:2", "NO")
CHARLIE = Tokens("qzchuwifog", "2001:db8:c4a:e5ca:beef:77:5eed:3", "FI")
# Whom Alice invites; nobody else ever wrote this word.
INVITED = "qzinbulroz"
