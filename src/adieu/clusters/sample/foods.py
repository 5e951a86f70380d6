"""The sample itself: 36 foods, each with eight numbers between 0 and 1 that say how it is to eat.

Made by us, by taste and for this purpose; taken from nowhere, so it is under the licence of this code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FEATURES = ("sweet", "sour", "salty", "bitter", "hot", "crunchy", "creamy", "juicy")
# From where on a food is said to be so.
NOTABLE = 0.5


@dataclass(frozen=True)
class Food:
    """One food; its vector has the features in their order."""

    id: int
    name: str
    kind: str
    vector: Sequence[float]

    @property
    def taste(self) -> Sequence[str]:
        """Name what is most there of, the strongest first."""
        strongest = sorted(zip(self.vector, FEATURES, strict=True), key=lambda each: -each[0])
        return [feature for number, feature in strongest if number >= NOTABLE]


#                               sweet sour salty bitter hot crunchy creamy juicy
_TABLE = (
    ("Apple", "fruit", (0.6, 0.4, 0.0, 0.0, 0.0, 0.9, 0.0, 0.7)),
    ("Banana", "fruit", (0.8, 0.1, 0.0, 0.0, 0.0, 0.0, 0.7, 0.1)),
    ("Grapefruit", "fruit", (0.3, 0.7, 0.0, 0.6, 0.0, 0.0, 0.0, 1.0)),
    ("Grapes", "fruit", (0.8, 0.3, 0.0, 0.0, 0.0, 0.3, 0.0, 0.9)),
    ("Lemon", "fruit", (0.1, 1.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.9)),
    ("Mango", "fruit", (0.9, 0.3, 0.0, 0.0, 0.0, 0.0, 0.3, 0.8)),
    ("Orange", "fruit", (0.6, 0.5, 0.0, 0.1, 0.0, 0.0, 0.0, 1.0)),
    ("Pear", "fruit", (0.7, 0.2, 0.0, 0.0, 0.0, 0.5, 0.0, 0.8)),
    ("Strawberry", "fruit", (0.7, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7)),
    ("Watermelon", "fruit", (0.7, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 1.0)),
    ("Carrot", "vegetable", (0.4, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.3)),
    ("Celery", "vegetable", (0.1, 0.0, 0.2, 0.3, 0.0, 0.9, 0.0, 0.6)),
    ("Chicory", "vegetable", (0.1, 0.0, 0.0, 0.9, 0.0, 0.7, 0.0, 0.4)),
    ("Cucumber", "vegetable", (0.1, 0.0, 0.0, 0.1, 0.0, 0.7, 0.0, 0.9)),
    ("Chili pepper", "vegetable", (0.2, 0.0, 0.0, 0.1, 1.0, 0.5, 0.0, 0.3)),
    ("Avocado", "vegetable", (0.1, 0.0, 0.0, 0.1, 0.0, 0.0, 1.0, 0.1)),
    ("Radish", "vegetable", (0.1, 0.0, 0.0, 0.2, 0.6, 0.9, 0.0, 0.5)),
    ("Rocket", "vegetable", (0.0, 0.0, 0.0, 0.7, 0.4, 0.3, 0.0, 0.1)),
    ("Sweet pepper", "vegetable", (0.5, 0.1, 0.0, 0.0, 0.0, 0.8, 0.0, 0.6)),
    ("Tomato", "vegetable", (0.4, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9)),
    ("Gherkin", "pickled", (0.2, 0.8, 0.6, 0.0, 0.0, 0.8, 0.0, 0.7)),
    ("Kimchi", "pickled", (0.1, 0.7, 0.7, 0.0, 0.7, 0.6, 0.0, 0.5)),
    ("Olive", "pickled", (0.0, 0.2, 0.8, 0.5, 0.0, 0.0, 0.2, 0.2)),
    ("Sauerkraut", "pickled", (0.1, 0.9, 0.6, 0.0, 0.0, 0.4, 0.0, 0.6)),
    ("Brie", "dairy", (0.0, 0.1, 0.5, 0.1, 0.0, 0.0, 0.9, 0.0)),
    ("Cream", "dairy", (0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.1)),
    ("Feta", "dairy", (0.0, 0.4, 0.9, 0.0, 0.0, 0.0, 0.5, 0.1)),
    ("Yoghurt", "dairy", (0.1, 0.6, 0.0, 0.0, 0.0, 0.0, 0.9, 0.2)),
    ("Crisps", "snack", (0.0, 0.0, 0.9, 0.0, 0.0, 1.0, 0.0, 0.0)),
    ("Popcorn", "snack", (0.1, 0.0, 0.7, 0.0, 0.0, 0.8, 0.0, 0.0)),
    ("Salted peanuts", "snack", (0.1, 0.0, 0.8, 0.0, 0.0, 0.9, 0.3, 0.0)),
    ("Wasabi peas", "snack", (0.1, 0.0, 0.6, 0.0, 0.8, 1.0, 0.0, 0.0)),
    ("Dark chocolate", "sweets", (0.4, 0.0, 0.0, 0.8, 0.0, 0.5, 0.4, 0.0)),
    ("Honey", "sweets", (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0)),
    ("Ice cream", "sweets", (0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.1)),
    ("Milk chocolate", "sweets", (0.8, 0.0, 0.0, 0.2, 0.0, 0.4, 0.6, 0.0)),
)
FOODS = tuple(Food(number, *row) for number, row in enumerate(_TABLE, start=1))
BY_ID = {food.id: food for food in FOODS}
KINDS = tuple(sorted({food.kind for food in FOODS}))
