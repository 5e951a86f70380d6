"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exports, Fate, Fates, Retain, Withheld

BY_OPAQUE_ID = Retain("a restored backup must not bring anybody back (Rule L2)", "the installation ends")

FATES: Fates = {
    "ledger.Mark": {
        "id": Fate.NOT_PERSONAL,
        "installation_id": Fate.NOT_PERSONAL,
        "number": Fate.NOT_PERSONAL,
        "chain": Fate.NOT_PERSONAL,
    },
    "ledger.Change": {
        "id": Fate.NOT_PERSONAL,
        "change_id": Fate.NOT_PERSONAL,
        "kind": Fate.NOT_PERSONAL,
        "body": BY_OPAQUE_ID,
        "made_at": Fate.NOT_PERSONAL,
        "number": Fate.NOT_PERSONAL,
    },
}

EXPORTS: Exports = {
    "ledger.Change": {"body": Withheld("what the ledger of deletions waits to be told, by opaque ids")},
}
