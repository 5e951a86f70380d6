"""What becomes of the fields of this package, and of those that Django itself brings (Rule D13)."""

from adieu.core.declaring import Fate, Fates

FATES: Fates = {
    # The key went through the pepper, and the row goes when its window has passed (Rule A8).
    "kit.RateWindow": {
        "key": Fate.NOT_PERSONAL,
        "used_at": Fate.NOT_PERSONAL,
        "expires_at": Fate.NOT_PERSONAL,
    },
    # The cache's table: the key went through the pepper, the value is times of tries (Rule A8).
    "kit.CacheEntry": {
        "cache_key": Fate.NOT_PERSONAL,
        "value": Fate.NOT_PERSONAL,
        "expires": Fate.NOT_PERSONAL,
    },
    # Django's permission tables come with its authentication; nothing of ours writes them.
    "contenttypes.ContentType": {
        "id": Fate.NOT_PERSONAL,
        "app_label": Fate.NOT_PERSONAL,
        "model": Fate.NOT_PERSONAL,
    },
    "auth.Permission": {
        "id": Fate.NOT_PERSONAL,
        "name": Fate.NOT_PERSONAL,
        "content_type": Fate.NOT_PERSONAL,
        "codename": Fate.NOT_PERSONAL,
    },
    "auth.Group": {"id": Fate.NOT_PERSONAL, "name": Fate.NOT_PERSONAL, "permissions": Fate.NOT_PERSONAL},
    "auth.Group_permissions": {
        "id": Fate.NOT_PERSONAL,
        "group": Fate.NOT_PERSONAL,
        "permission": Fate.NOT_PERSONAL,
    },
}
