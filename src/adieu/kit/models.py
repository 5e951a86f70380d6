from django.db import models


class RateWindow(models.Model):
    """The recent uses of one limit; the key went through the pepper (Rule A8)."""

    key = models.CharField(primary_key=True, max_length=64)
    used_at = models.JSONField(default=list)
    expires_at = models.DateTimeField(db_index=True)


class CacheEntry(models.Model):
    """The table of Django's database cache, as its backend asks for; keys went through the pepper."""

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "cache entries"
